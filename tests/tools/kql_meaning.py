"""Runs random rules as KQL on an independent interpreter and compares with what the rules mean.

Development only: needs ../shared/oracles/kql (and its `requirements.txt`, `../shared/facts/kql`).

    SIGWEAVE_KQL_CASES=$PWD/target/kql-meaning cargo test --lib kql::tests::meaning
    python tests/tools/kql_meaning.py ORACLE [predicates|correlations] [SEED]

ORACLE is a copy of ../shared/oracles/kql whose `schemas` is ../shared/facts/kql. The meaning is that
of DESIGN 2.3, written here a second time, by brute force; every query is run in several of the
orders that Kusto leaves open.
"""

import datetime
import ipaddress
import itertools
import json
import pathlib
import random
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "target/kql-meaning"
CMP = {
    "Eq": lambda a, b: a == b,
    "Neq": lambda a, b: a != b,
    "Lt": lambda a, b: a < b,
    "Lte": lambda a, b: a <= b,
    "Gt": lambda a, b: a > b,
    "Gte": lambda a, b: a >= b,
}
SCHEMA = {
    "Timestamp": "datetime", "ReportId": "long", "DeviceId": "string", "DeviceName": "string",
    "A": "string", "B": "string", "N": "long", "R": "real", "F": "bool", "T": "datetime",
}
TEXTS = [
    "", "", "a", "A", "ab", "aB", "AB", "abc", "ABC", "a\\b", "A\\B", "\\", "a\"b", "a'b", "a*b", "a?b",
    "axb", "a%b", "ÄÖ", "äö", "äÖ", "a\nb", "a.b", "5", "10", "-3", "0.5", "true", "TRUE", "false",
    "10.1.2.3", "10.0.0.0/8", "11.0.0.1", "fe80::1", "::ffff:10.1.2.3", "2001:db8::1", "(x)", "[a]",
    "^a$", "a b", " ", "bab", "aab\"", "x",
]


def holds(predicate, row):
    kind, *rest = predicate
    if kind == "all":
        return all(holds(part, row) for part in rest[0])
    if kind == "any":
        return any(holds(part, row) for part in rest[0])
    if kind == "not":
        return not holds(rest[0], row)
    value = row[rest[0]]
    missing = value is None or value == ""
    if kind == "null":
        return missing
    if kind == "exists":
        return not missing
    if kind == "text":
        return text(missing, value, *rest[1:])
    if kind == "number":
        number = to_number(value)
        if number is None:
            return rest[1] == "Neq"
        return CMP[rest[1]](number, rest[2])
    if missing:
        return kind == "time" and rest[2] == "Neq"
    if kind == "boolean":
        return str(value).lower() == str(rest[1]).lower()
    if kind == "regex":
        flags = re.I * rest[2] | re.S * rest[3]
        return re.search(rest[1].replace("$", "\\Z"), value, flags) is not None
    if kind == "cidr":
        return in_network(value, rest[1])
    if kind == "field":
        other = row[rest[2]]
        return other != "" and compare_text(rest[1], value, other, rest[3])
    if kind == "time":
        time = datetime.datetime.fromisoformat(value)
        part = {
            "Minute": time.minute, "Hour": time.hour, "Day": time.day, "Week": time.isocalendar()[1],
        }[rest[1]]
        return CMP[rest[2]](part, rest[3])
    raise ValueError(kind)


def text(missing, value, kind, wanted, cased):
    if kind == "Equals" and wanted == "":
        return missing
    if missing:
        return False
    if kind != "Like":
        return compare_text(kind, str(value), wanted, cased)
    parts = [{"any": ".*", "one": "."}.get(part[0]) or re.escape(part[1]) for part in wanted]
    return re.fullmatch("".join(parts), str(value), re.S | (0 if cased else re.I)) is not None


def compare_text(kind, value, wanted, cased):
    if not cased:
        value, wanted = value.lower(), wanted.lower()
    return {
        "Equals": value == wanted,
        "StartsWith": value.startswith(wanted),
        "EndsWith": value.endswith(wanted),
        "Contains": wanted in value,
    }[kind]


def to_number(value):
    try:
        return None if value is None or str(value).strip() != str(value) else float(value)
    except ValueError:
        return None


def in_network(value, network):
    try:
        address = ipaddress.ip_address(value)
    except ValueError:
        return False
    network = ipaddress.ip_network(network)
    return address.version == network.version and address in network


def predicates(kqlrun, dice):
    rows = [row(number, dice) for number in range(400)]
    # One row per text and column, so that no text is left out.
    for number, value in enumerate(TEXTS):
        rows.append({**row(1000 + number, dice), "A": value})
        rows.append({**row(2000 + number, dice), "B": value})
    for line in lines("predicates"):
        found = run(kqlrun, line["query"], {"Events": rows}, {"Events": SCHEMA}, None)
        found = {one["ReportId"] for one in found}
        wanted = {one["ReportId"] for one in rows if holds(line["predicate"], one)}
        yield line, found == wanted, sorted(found ^ wanted), rows


def row(number, dice):
    return {
        "Timestamp": stamp(number), "ReportId": number, "DeviceId": "d", "DeviceName": "n",
        "A": dice.choice(TEXTS), "B": dice.choice(TEXTS),
        "N": dice.choice([None, 5, 10, -3, 0, 53]), "R": dice.choice([None, 5.0, 0.5, 10.25, -3.0]),
        "F": dice.choice([None, True, False]),
        "T": dice.choice([None, stamp(dice.randrange(10**7))]),
    }


def stamp(seconds):
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    return (start + datetime.timedelta(seconds=seconds)).isoformat()


# Correlations: events are (time in ms, patterns, host); times repeat often and lie on borders.

HOSTS = ["h1", "H1", "h2", ""]


def correlations(kqlrun, dice, xdr):
    for line in lines("correlations"):
        for _ in range(3):
            events = stream(dice)
            tables = as_tables(events)
            wanted = expected(line["rule"], events)
            for shuffle in (None, 1, 2):
                rows = run(kqlrun, line["query"], tables, xdr, shuffle)
                found = {
                    one.get("Computer", ""): (
                        one["Firings"], at(one["FirstFiring"]), at(one["LastFiring"]), one["Seen"],
                    )
                    for one in rows
                }
                good = found == wanted and len(rows) == len(found)
                good = good and all(is_firing(one, line["rule"], events) for one in rows)
                yield line, good, [found, wanted], events
                if not good:
                    break


def stream(dice):
    count = dice.randrange(1, 14)
    events = []
    for number in range(count):
        time = dice.choice([0, 0, 1000, 2000, 3000, 4000, 4001, 5000, 6000, 7000, 9000])
        patterns = {3} if dice.random() < 0.25 else {p for p in range(3) if dice.random() < 0.4}
        events.append({"id": number, "time": time, "seen": patterns, "host": dice.choice(HOSTS)})
    return events


def as_tables(events):
    tables = {"DeviceProcessEvents": [], "DeviceImageLoadEvents": []}
    for event in events:
        words = " ".join(f"p{number}" for number in sorted(event["seen"]))
        image = event["seen"] == {3}
        common = {
            "Timestamp": stamp(event["time"] / 1000), "ReportId": event["id"],
            "DeviceId": event["host"], "DeviceName": event["host"],
            "ActionType": "ImageLoaded" if image else "ProcessCreated",
        }
        if image:
            tables["DeviceImageLoadEvents"].append({**common, "FolderPath": f"C:\\{words}.dll"})
        else:
            tables["DeviceProcessEvents"].append({**common, "ProcessCommandLine": words})
    return tables


def at(text):
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    text = re.sub(r"\.(\d{6})\d", r".\1", text).replace("Z", "+00:00")
    return round((datetime.datetime.fromisoformat(text) - start).total_seconds() * 1000)


def expected(rule, events):
    results = {}
    if rule["keyed"]:
        groups = [(host, [e for e in events if e["host"] == host]) for host in HOSTS if host]
    else:
        groups = [("", events)]
    for host, group in groups:
        group = [event for event in group if event["seen"]]
        fired = [event for event in group if fires(rule, event, group)]
        if not fired:
            continue
        seen = set()
        for event in fired:
            window = within(group, event["time"], rule["window"])
            seen |= set().union(*(one["seen"] for one in window))
        times = [event["time"] for event in fired]
        names = ", ".join(f"p{number}" for number in sorted(seen))
        results[host] = (len(fired), min(times), max(times), names)
    return results


def is_firing(row, rule, events):
    """The event that stands for the last firing is one of those that fire last."""
    group = [e for e in events if e["seen"] and (not rule["keyed"] or e["host"] == row["Computer"])]
    event = events[row["ReportId"]]
    return fires(rule, event, group) and event["time"] == at(row["LastFiring"]) == at(row["Timestamp"])


def within(group, time, window):
    return [one for one in group if time - window <= one["time"] <= time]


def fires(rule, event, group):
    window = within(group, event["time"], rule["window"])
    cond = only(rule["cond"])
    if cond[0] == "chain":
        *before, last = cond[1]
        others = [one for one in window if one is not event]
        return last in event["seen"] and has_chain(before, others)
    return bool(event["seen"] & positive(cond)) and true(cond, event["time"], window, group)


def only(cond):
    while cond[0] in ("all", "any") and len(cond[1]) == 1:
        cond = cond[1][0]
    return cond


def has_chain(steps, events):
    """Whether different events, none earlier than the one before it, take the steps."""
    for chosen in itertools.permutations(events, len(steps)):
        ordered = all(a["time"] <= b["time"] for a, b in itertools.pairwise(chosen))
        if ordered and all(step in one["seen"] for step, one in zip(steps, chosen)):
            return True
    return False


def positive(cond):
    kind, *rest = cond
    if kind == "seen":
        return {rest[0]}
    if kind in ("count", "chain"):
        return set(rest[0])
    if kind == "score":
        return {0, 1, 2, 3}
    if kind in ("all", "any"):
        return set().union(*(positive(part) for part in rest[0]))
    return set()


def true(cond, time, window, group):
    kind, *rest = cond
    if kind == "seen":
        return any(rest[0] in one["seen"] for one in window)
    if kind == "count":
        count = sum(1 for one in window if one["seen"] & set(rest[0]))
        return CMP[rest[1]](count, rest[2])
    if kind == "chain":
        return has_chain(rest[0], window)
    if kind == "not":
        return not true(rest[0], time, window, group)
    if kind == "absent":
        return not any(rest[0] in one["seen"] for one in within(group, time, rest[1]))
    if kind == "score":
        seen = set().union(*(one["seen"] for one in window))
        first = 2 if 0 in seen else 1 if 1 in seen else 0
        return first + (2 in seen) + (3 in seen) >= rest[0]
    parts = (true(part, time, window, group) for part in rest[0])
    return all(parts) if kind == "all" else any(parts)


def lines(name):
    return map(json.loads, (FOLDER / f"{name}.ndjson").read_text(encoding="utf-8").splitlines())


def run(kqlrun, query, tables, schemas, shuffle):
    return kqlrun.run_query(query, kqlrun.Tables(None, schemas, tables), shuffle=shuffle)[1]


def complete(kqlrun):
    """Functions that the interpreter lacks, as Microsoft documents them."""
    def part(name, of):
        def read(value):
            days, ticks = divmod(int(value), 864_000_000_000)
            day = datetime.datetime.fromordinal(days + 1)
            return of(day + datetime.timedelta(microseconds=ticks // 10))
        kqlrun.fn(name, "datetime", "int")(read)
    part("dayofmonth", lambda time: time.day)
    part("monthofyear", lambda time: time.month)
    part("getyear", lambda time: time.year)
    part("week_of_year", lambda time: time.isocalendar()[1])
    kqlrun.fn("datetime_part", "string datetime", "int")(
        lambda what, value: {"Minute": int(value) // 600_000_000 % 60}[what])
    kqlrun.fn("tohex", "long long", "string")(lambda value, digits: format(value, f"0{digits}x"))


def main(oracle, what="predicates", seed="1"):
    sys.path.insert(0, oracle)
    import kqlrun
    complete(kqlrun)
    dice = random.Random(int(seed))
    if what == "predicates":
        outcomes = predicates(kqlrun, dice)
    else:
        outcomes = correlations(kqlrun, dice, kqlrun.builtin_schemas("xdr"))
    good = bad = 0
    for line, ok, difference, data in outcomes:
        good += ok
        bad += not ok
        if not ok and bad <= 5:
            print(line["query"], json.dumps(line.get("predicate") or line["rule"]), difference)
            for one in data:
                if what == "correlations" or one["ReportId"] in difference[:3]:
                    print("   ", one)
    print(f"{good} agree, {bad} differ")
    sys.exit(1 if bad or not good else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
