#!/usr/bin/env python3
"""Random Sigma correlations and single rules through the whole compiler: EQL against the engine.

    python tests/tools/eql_engine.py ORACLE [RULES] [STREAMS] [SEED]

ORACLE is a folder with the EQL oracle (`../shared/oracles/eql`), which is not part of this repository. A
tool for developers: `cargo test` does not need it. Builds `target/debug/sigweave`, converts random rules
for elastic-winlogbeat, runs them over random events with `sigweave run`, runs the queries on the oracle,
and compares the keys that fired. Exit code: 0 all agree, 1 otherwise.
"""
import json
import pathlib
import random
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORACLE = pathlib.Path(sys.argv[1]).resolve()
RULES, STREAMS, SEED = (int(sys.argv[i]) if len(sys.argv) > i else d for i, d in ((2, 150), (3, 6), (4, 1)))
sys.path[:0] = [str(ORACLE), str(ROOT / "tests/tools/differential")]
import shapes  # noqa: E402
from eqlrun import Opts, Refused, Unsupported, run_query  # noqa: E402
from eqlschema import Schema  # noqa: E402

SCHEMA = Schema.load(["ecs", "winlogbeat"])
BINARY = ROOT / "target/debug/sigweave"
SOURCES = {"process_creation": "CommandLine", "registry_set": "Details", "image_load": "ImageLoaded"}
TESTS = ["contains: x{}", "endswith: 'x{}y'", "re: 'x[{}]'", "contains|cased: x{}", "startswith: 'x{}'"]


def base(rnd, rule, name):
    category = rnd.choice(list(SOURCES))
    field, letter = SOURCES[category], rnd.choice("abc")
    test = rnd.choice(TESTS).format(letter)
    more = rnd.choice(["", "", "\n  filter: {%s|contains: z}" % field, "\n  filter: {User: null}"])
    condition = "selection and not filter" if more else "selection"
    return (f"title: {rule} {name}\nname: {rule}_{name}\nlogsource: {{product: windows, category: {category}}}\ndetection:\n"
            f"  selection: {{{field}|{test}}}{more}\n  condition: {condition}\n")


def correlation(rnd, rule):
    """A correlation and whether simultaneous events matter to it."""
    p = [f"{rule}_{n}" for n in "abc"]
    kind = rnd.choice(["temporal", "temporal3", "ordered", "ordered3", "count", "count", "boolean", "boolean", "not"])
    rules, extra, ties = p[:2], "", True
    if kind in ("temporal3", "ordered3"):
        rules = p
    if kind == "count":
        rules, extra = p[:1], f"\n  condition: {{{rnd.choice(['gte', 'gt'])}: {rnd.randint(1, 3)}}}"
    if kind == "boolean":
        rules = p
        text = rnd.choice(["{0} or {1}", "({0} or {1}) and {2}", "{0} and {1} or {2}", "{0} and ({1} or {2})", "{0} or {1} and {2}"])
        extra = "\n  condition: " + text.format(*p)
    if kind == "not":
        extra, ties = "\n  condition: {} and not {}".format(*p), False
    if kind == "ordered3":
        ties = False
    sort = {"ordered": "temporal_ordered", "ordered3": "temporal_ordered", "count": "event_count"}.get(kind, "temporal")
    by = rnd.choice(["[Computer]", "[Computer]", "[Computer, User]"])
    return (f"title: {rule}\nname: {rule}\naccept: [W0606]\ncorrelation:\n  type: {sort}\n  rules: [{', '.join(rules)}]\n"
            f"  group-by: {by}\n  timespan: {rnd.choice([3, 5, 8])}s{extra}\n"), ties


def event(rnd, t):
    category = rnd.choice(list(SOURCES))
    letters = "".join(f"x{rnd.choice('aabbccA')}" for _ in range(rnd.choice([1, 1, 2])))
    text = letters + rnd.choice(["", "y", "z", " "])
    found = {"t": t, "ls": f"windows/{category}", SOURCES[category]: rnd.choice([text] * 8 + ["", None]),
             "Computer": rnd.choice(["h1"] * 8 + ["H1", "h2", "", None]), "User": rnd.choice(["u", "u", "u", "v", None])}
    return {k: v for k, v in found.items() if v is not None or rnd.random() < .5}


def lines(command, cwd):
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def eql_keys(queries, events, names):
    docs = [shapes.without_nulls(shapes.winlogbeat(n, e)) for n, e in enumerate(events)]
    found = set()
    for query in queries:
        for reverse in (False, True):
            for r in run_query(query, docs, SCHEMA, Opts(check_ties=False, reverse_ties=reverse))[0]:
                if r["type"] == "sequence":
                    found.add(tuple(r["join_keys"][: len(names)]))
                else:
                    found.add(tuple(events[int(r["id"])].get(n) for n in names))
    return found


def main():
    subprocess.run(["cargo", "build", "--quiet"], cwd=ROOT, check=True, stderr=subprocess.DEVNULL)
    rnd, ties, compared, fired, bad = random.Random(SEED), {}, 0, 0, 0
    with tempfile.TemporaryDirectory() as tmp:
        for i in range(RULES):
            rule = f"r{i}"
            text, ties[rule] = correlation(rnd, rule)
            text = "---\n".join([base(rnd, rule, n) for n in "abc"] + [text])
            pathlib.Path(tmp, f"{rule}.yml").write_text(text)
        converted = {c["rule"]: c for c in lines([BINARY, "convert", ".", "-t", "eql", "-p", "elastic-winlogbeat", "--format", "json"], tmp)}
        for c in converted.values():
            if not c["queries"]:
                print("refused", c["rule"], c["diagnostics"])
        for stream in range(STREAMS):
            distinct = stream % 2 == 0
            n = rnd.randint(10, 25)
            times = rnd.sample(range(40), n) if distinct else [rnd.randrange(15) for _ in range(n)]
            events = [event(rnd, t) for t in times]
            with tempfile.NamedTemporaryFile("w", suffix=".ndjson") as file:
                file.write("".join(json.dumps(shapes.neutral(n, e)) + "\n" for n, e in enumerate(events)))
                file.flush()
                results = lines([BINARY, "run", ".", file.name, "--format", "json"], tmp)
            for rule, c in converted.items():
                if not c["queries"] or rule not in ties or not (distinct or ties[rule]):
                    continue
                text = pathlib.Path(tmp, f"{rule}.yml").read_text()
                names = ["Computer", "User"] if "Computer, User" in text else ["Computer"]
                want = {tuple(r["key"][x] for x in names) for r in results if r["rule"] == rule}
                try:
                    got = eql_keys(c["queries"], events, names)
                except (Refused, Unsupported) as e:
                    got = f"{type(e).__name__}: {e}"
                compared, fired = compared + 1, fired + bool(want)
                if got != want:
                    bad += 1
                    print("DIFFERS", text, *c["queries"], f"engine {want} eql {got}", *map(json.dumps, events), sep="\n")
                    if bad > 3:
                        return 1
    print(f"{RULES} rules, {compared} comparisons, {fired} with results, {bad} differences")
    return 1 if bad or not fired else 0


if __name__ == "__main__":
    sys.exit(main())
