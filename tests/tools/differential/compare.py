"""Executes what Sigweave emits on the independent interpreters and compares what fires.

Development only: needs ../shared (see `run` beside this file).

A case of tests/corpus takes part if it has `events.ndjson` (neutral events, see shapes.py) and
`expect.json`: `{"rule": …, "names": [names of the key's parts], "keys": [[…], …]}` for a correlation,
`{"rule": …, "events": [line numbers from 0]}` for single events. A platform that refuses the rule, or
that holds none of its events, must be listed in `refused` of the expectation (or its target, if no platform
of it takes the rule). `stored` are the keys as EQL returns them, where the rule's are spelt otherwise.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
ORACLES = ROOT / "target/differential/oracles"
for oracle in ("spl", "kql", "eql"):
    sys.path.insert(0, str(ORACLES / oracle))
sys.path.append(str(ROOT / "tests/tools"))

import eqlrun  # noqa: E402
import eqlschema  # noqa: E402
import kql_meaning  # noqa: E402
import kqlrun  # noqa: E402
import results as results_of  # noqa: E402
import shapes  # noqa: E402
import splexec  # noqa: E402

kql_meaning.complete(kqlrun)

# Which target each platform is queried in; in a case's `refused`, a target stands for all its platforms.
PLATFORMS = {
    "splunk-ta": "splunk",
    "defender-xdr": "kql",
    "sentinel": "kql",
    "sentinel-asim": "kql",
    "elastic-winlogbeat": "eql",
    "elastic-defend": "eql",
}
KUSTO = {
    "defender-xdr": (shapes.xdr, kqlrun.builtin_schemas("xdr")),
    "sentinel": (shapes.sentinel, kqlrun.builtin_schemas("sentinel")),
    "sentinel-asim": (shapes.asim, kqlrun.builtin_schemas("sentinel")),
}
# The column that holds the number of the event.
NUMBER = {"splunk-ta": "id", "defender-xdr": "ReportId", "sentinel": "EventRecordId", "sentinel-asim": "EventUid"}
ELASTIC = {
    "elastic-winlogbeat": eqlschema.Schema.load(["ecs", "winlogbeat", "zeek", "non_ecs"], []),
    "elastic-defend": eqlschema.Schema.load(["ecs", "endpoint"], []),
}


def convert(binary, folder, platform):
    command = [binary, "convert", ".", "-t", PLATFORMS[platform], "-p", platform, "--format", "json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    return {one["rule"]: one for one in map(json.loads, done.stdout.splitlines())}


def splunk(query, events):
    shaped = [shapes.without_nulls(shapes.splunk(n, e)) for n, e in enumerate(events)]
    rows, _ = splexec.run(query, shaped, strict=True)
    return [splexec.to_json(row) for row in rows]


def kql(query, events, platform, now=None):
    shape, schema = KUSTO[platform]
    tables = {}
    for number, event in enumerate(events):
        table, row = shape(number, event)
        if table:
            tables.setdefault(table, []).append(json.dumps(shapes.without_nulls(row)))
        if platform == "defender-xdr":
            for row in shapes.certificates(number, event):
                tables.setdefault("DeviceFileCertificateInfo", []).append(json.dumps(shapes.without_nulls(row)))
    with tempfile.TemporaryDirectory() as folder:
        for table, rows in tables.items():
            (pathlib.Path(folder) / f"{table}.ndjson").write_text("\n".join(rows) + "\n")
        results = [kqlrun.run_query(query, kqlrun.Tables(folder, schema), now, shuffle)[1] for shuffle in (None, 1)]
    # Kusto promises no order of rows: whatever it is, the result is the same.
    in_order, shuffled = (sorted(json.dumps(row, sort_keys=True, default=str) for row in rows) for rows in results)
    if in_order != shuffled:
        raise ValueError("the result depends on the order of rows")
    return results[0]


def eql(query, events, platform):
    shape = {"elastic-winlogbeat": shapes.winlogbeat, "elastic-defend": shapes.defend}[platform]
    shaped = [shape(n, e) for n, e in enumerate(events)]
    documents = [shapes.without_nulls(document) for document in shaped if document]
    return eqlrun.run_query(query, documents, ELASTIC[platform])[0]


def rows_of(platform, query, events):
    """The rows that a query for Splunk or KQL returns."""
    if PLATFORMS[platform] == "splunk":
        return splunk(query, events)
    rows = kql(query, events, platform)
    for row in rows:
        if platform == "defender-xdr" and "LastFiring" in row:
            check_alert(row, events)
    return rows


def check_alert(row, events):
    """An alert is made of the last firing's event: `ReportId` and `DeviceId` have to be its own."""
    _, event = shapes.xdr(int(row["ReportId"]), events[int(row["ReportId"])])
    own = results_of.instant(event["Timestamp"])
    if not own == results_of.instant(row["Timestamp"]) == results_of.instant(row["LastFiring"]):
        raise ValueError(f"event {row['ReportId']} of {event['Timestamp']} did not fire at {row['LastFiring']}")
    # Kusto has no null text.
    if any((event.get(name) or "") != row[name] for name in ("DeviceId", "DeviceName")):
        raise ValueError(f"event {row['ReportId']} is not of {row['DeviceId']} {row['DeviceName']}")


def key_of_row(row, names):
    return tuple(str(row.get(name)) for name in names)


def key_of_eql(result, names, events, expectation):
    if result["type"] == "sequence":
        # A key on the time (simultaneous events) is not part of the rule's key.
        return tuple(map(str, result["join_keys"][: len(names)]))
    event = events[int(result["id"])]
    fields = expectation.get("fields", names)
    # A field may be another one per log source.
    fields = [field if isinstance(field, str) else field[event["ls"]] for field in fields]
    return tuple(str(event.get(field)) for field in fields)


def fired(platform, queries, events, expectation):
    """The keys, or the numbers of the events, that the queries find."""
    names = expectation.get("names")
    found = set()
    for query in queries:
        if PLATFORMS[platform] == "eql":
            for result in eql(query, events, platform):
                one = int(result["id"]) if names is None else key_of_eql(result, names, events, expectation)
                found.add(one)
            continue
        for row in rows_of(platform, query, events):
            found.add(int(row[NUMBER[platform]]) if names is None else key_of_row(row, names))
    return found


def engine_results(binary, folder, events, rule):
    """The engine's results for a rule."""
    with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
        file.write("".join(json.dumps(shapes.neutral(n, e)) + "\n" for n, e in enumerate(events)))
        file.flush()
        command = [binary, "run", ".", file.name, "--format", "json"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    return [result for result in results if result["rule"] == rule]


def engine(binary, folder, events, expectation):
    """What the engine says, in the same form."""
    results = engine_results(binary, folder, events, expectation["rule"])
    if "names" not in expectation:
        return {event["line"] - 1 for result in results for event in result["events"]}
    return {tuple(str(result["key"][name]) for name in expectation["names"]) for result in results}


def has_engine(binary):
    return subprocess.run([binary, "run", "--help"], capture_output=True).returncode == 0


def check(binary, folder, with_engine, report):
    expectation = json.loads((folder / "expect.json").read_text())
    lines = (folder / "events.ndjson").read_text().splitlines()
    events = [json.loads(line) for line in lines if line.strip()]
    if "names" in expectation:
        wanted = {tuple(map(str, key)) for key in expectation["keys"]}
    else:
        wanted = set(expectation["events"])
    if with_engine:
        report(folder.name, "engine", wanted, lambda: engine(binary, folder, events, expectation))
    for platform, target in PLATFORMS.items():
        converted = convert(binary, folder, platform).get(expectation["rule"])
        refused = not {platform, target}.isdisjoint(expectation.get("refused", []))
        if converted is None or not converted["queries"]:
            codes = [found["code"] for found in (converted or {}).get("diagnostics", [])]
            report(folder.name, platform, refused, lambda: True, f"refused {codes}")
        elif refused:
            report(folder.name, platform, "a refusal", lambda: "queries")
        else:
            queries = converted["queries"]
            # EQL returns keys as they are stored.
            stored = expectation.get("stored") if target == "eql" else None
            wanted_here = {tuple(map(str, key)) for key in stored} if stored else wanted
            if "names" in expectation and target != "eql" and with_engine:
                names = expectation["names"]
                results = engine_results(binary, folder, events, expectation["rule"])
                try:
                    rows = [row for query in queries for row in rows_of(platform, query, events)]
                    engines, platforms = results_of.both(target, results, rows, names)
                except Exception as error:
                    engines, platforms = "results", f"{type(error).__name__}: {error}"
                report(folder.name, f"{platform} (results)", engines, lambda: platforms)
            report(folder.name, platform, wanted_here, lambda: fired(platform, queries, events, expectation))


def main():
    binary, chosen = sys.argv[1], sys.argv[2:]
    if chosen[:1] == ["--random"]:
        options = dict(zip(chosen[::2], chosen[1::2]))
        for platform in set(PLATFORMS) - set(options.get("--on", ",".join(PLATFORMS)).split(",")):
            del PLATFORMS[platform]
        return at_random(binary, int(chosen[1]), int(options.get("--seed", 1)), options.get("--only", "all"))
    if chosen[:1] == ["--scheduled"]:
        import scheduled

        options = dict(zip(chosen[::2], chosen[1::2]))
        return scheduled.main(sys.modules[__name__], shapes, binary, int(chosen[1]), int(options.get("--seed", 1)))
    if chosen[:1] == ["--mutants"]:
        import mutants

        options = dict(zip(chosen[1::2], chosen[2::2]))
        streams, seed = int(options.get("--streams", 200)), int(options.get("--seed", 1))
        return mutants.main(sys.modules[__name__], shapes, binary, streams, seed)
    passed = failed = 0
    with_engine = has_engine(binary)

    def report(case, where, wanted, find, note=""):
        nonlocal passed, failed
        try:
            found = find()
        except Exception as error:  # whatever the interpreter says is a failure of the case
            found = f"{type(error).__name__}: {error}"
        if found == wanted:
            passed += 1
            return
        failed += 1
        print(f"{case} on {where}: wanted {wanted}, found {found} {note}")

    for expectation in sorted((ROOT / "tests/corpus").glob("*/expect.json")):
        if not chosen or expectation.parent.name in chosen:
            check(binary, expectation.parent, with_engine, report)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


def at_random(binary, count, seed, kind):
    """`--random N [--seed S] [--only KIND] [--on PLATFORM,…]`: N random rules; how many of each kind fire, and what differs."""
    import random_rules

    tallies = random_rules.check(binary, shapes, sys.modules[__name__], count, seed, kind)
    for name, tally in tallies.items():
        fired = 100 * tally["fired"] / max(1, tally["streams"])
        print(f"{name}: {tally['fired']} of {tally['streams']} fired ({fired:.0f} %), {tally['refused']} conversions refused, "
              f"{tally['passed']} passed, {tally['failed']} failed")
    passed, failed, streams, fired = (sum(tally[of] for tally in tallies.values()) for of in ("passed", "failed", "streams", "fired"))
    print(f"{fired} of {streams} fired ({100 * fired / max(1, streams):.0f} %); {passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
