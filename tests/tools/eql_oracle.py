#!/usr/bin/env python3
"""Runs emitted predicates over random events and compares with a reading of the rules of its own.

    python tests/tools/eql_oracle.py ORACLE [ROUNDS] [SEED]

ORACLE is a folder with the EQL oracle (`../shared/oracles/eql`: eqlcheck.py, eqlrun.py, schemas), which is
not part of this repository; its requirements must be installed. A tool for developers: `cargo test` does
not need it. Every query must be accepted by both parsers and return what the reading says. Sequences are
the matter of eql_sequences.py. Exit code: 0 all agree, 1 otherwise.
"""
import ipaddress
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

ORACLE = pathlib.Path(sys.argv[1]).resolve()
ROUNDS = int(sys.argv[2]) if len(sys.argv) > 2 else 2000
SEED = int(sys.argv[3]) if len(sys.argv) > 3 else 1
sys.path.insert(0, str(ORACLE))
import eqlcheck  # noqa: E402
from eqlrun import Opts, Refused, Unsupported, run_query  # noqa: E402
from eqlschema import Schema  # noqa: E402

TYPES = {"@timestamp": "date", "event.category": "keyword", "g": "keyword", "tag": "keyword", "s": "keyword",
         "w": "wildcard", "many": "keyword", "n": "long", "nums": "long", "x": "double", "b": "boolean", "ip": "ip",
         "winlog.event_data.S": "keyword", "digits": "keyword", "flag": "keyword", "addr": "keyword"}
TEXTS = ["a", "A", "ab", "aB", "", "a*b", "a?b", "axb", "*", "?", "\\", "a\\b", "C:\\Temp\\x.exe", "c:\\temp\\X.EXE",
         '"', 'a"b', '""', '"""', "a\nb", "a\tb", "\x01", "é", "É", "aÉb", "aéb", "ß", "中", "a.b", "a+b", "[a]", "(a)", "a|b",
         "~", "#", "@", "<1-5>", "&", "a#b", "{a}", "^a$", "-", "a-b", "a b", "  ", "3", "03", "null", "true", "//x", "\u202e",
         "ab12", "AB12", "_x", "x.y", "İ", "σ", "ς", "Σ"]
REGEXES = ["a", "^a", "b$", "^ab$", "a.b", "^a.b$", "a|b", "^a|b$", "(^|\\\\)b", r"\d", r"^\d+$", r"[^a]", r"^[^a]+$", "a{2}", "a?b",
           "^(a|)b$", r"\.", r"\*", r'"', r"[\]\-]", r"\\", "^$", "", ".*", "(ab)+", "^(?:a|b)*$", r"\s", r"\w+\d", r"\bx",
           r"b\b", "~|#|@", "<", "é", "[à-ü]", "^.$", "^..$", r"a\n?b", r"[a-c]\W", "x{0,2}y", "(?i)ab", "A(?i:b)"]


def strip_none(doc):
    return {k: v for k, v in doc.items() if v is not None}


# ------------------------------------------------------------------ predicates

def fold(text):
    """Simple folding, near enough for TEXTS; the dotted capital I folds to itself."""
    return "".join({"ς": "σ", "Σ": "σ", "İ": "İ"}.get(c, c.lower() if len(c.lower()) == 1 else c) for c in text)


def values(doc, field):
    node = doc.get(field)
    return [] if node is None else node if isinstance(node, list) else [node]


def like(parts, text):
    rx = "".join({0: r"[\s\S]*", 1: r"[\s\S]"}[p] if isinstance(p, int) else re.escape(p) for p in parts)
    return re.fullmatch(rx, text) is not None


def ascii_regex(pattern, flags):
    pattern = pattern.replace("(?i)ab", "(?i:ab)").replace("$", r"\Z")
    pattern = re.sub(r"\(\?i:b\)", "[bB]", pattern)
    pattern = re.sub(r"\(\?i:ab\)", "[aA][bB]", pattern)
    pattern = re.sub(r"\\[dDwWsSb]", lambda m: f"(?a:{m[0]})", pattern)       # classes of ASCII characters
    return re.compile(pattern, (re.I if "i" in flags else 0) | (re.S if "s" in flags else 0))


def test_value(spec, v):
    op, want = spec["op"], spec.get("value")
    if op in ("equals", "startswith", "endswith", "contains", "like"):
        f = (lambda t: t) if spec.get("cased") else fold
        t = f(str(v))
        if op == "like":
            return like([p if isinstance(p, int) else f(p) for p in want], t)
        w = f(want)
        return {"equals": t == w, "startswith": t.startswith(w), "endswith": t.endswith(w), "contains": w in t}[op]
    if op == "regex":
        return ascii_regex(want, spec.get("flags", "")).search(v) is not None
    if op == "number":
        v = float(v)
        return {"==": v == want, "!=": v != want, "<": v < want, "<=": v <= want, ">": v > want, ">=": v >= want}[spec["cmp"]]
    if op == "boolean":
        return v is want or (isinstance(v, str) and v.lower() == str(want).lower())
    if op == "cidr":
        try:
            a, net = ipaddress.ip_address(v), ipaddress.ip_network(want, strict=False)
        except ValueError:
            return False
        return a.version == net.version and a in net
    raise ValueError(op)


def holds(spec, doc):
    if "all" in spec:
        return all(holds(p, doc) for p in spec["all"])
    if "any" in spec:
        return any(holds(p, doc) for p in spec["any"])
    if "not" in spec:
        return not holds(spec["not"], doc)
    vals = values(doc, spec["field"])
    if spec["op"] == "exists":
        return bool(vals)
    if spec["op"] == "null" or (spec["op"] == "equals" and spec["value"] == "" and spec["type"] == "ip"):
        return not vals
    if spec["op"] == "number" and spec["cmp"] == "!=":
        return not any(float(v) == spec["value"] for v in vals)
    if spec["type"] == "ip" and spec["op"] in ("equals", "startswith"):
        vals = [str(ipaddress.ip_address(v)) for v in vals]
    return any(test_value(spec, v) for v in vals)


def leaf(rnd):
    kind = rnd.choice(["text"] * 6 + ["regex"] * 3 + ["number", "number", "boolean", "ip", "cidr", "presence", "digits"])
    if kind == "text":
        field = rnd.choice(["s", "w", "many", "winlog.event_data.S", "winlog.event_data.Never"])
        op = rnd.choice(["equals", "startswith", "endswith", "contains", "like"])
        value = rnd.choice(TEXTS)
        if op == "like":
            value = [rnd.choice([0, 1, rnd.choice(TEXTS) or "x"]) for _ in range(rnd.randint(1, 4))]
            value = [v for i, v in enumerate(value) if not (v == 0 and i and value[i - 1] == 0)]
        return {"field": field, "type": "text", "multi": field == "many", "op": op, "value": value, "cased": rnd.random() < .4}
    if kind == "regex":
        return {"field": rnd.choice(["s", "w", "many", "winlog.event_data.S"]), "type": "text", "op": "regex",
                "value": rnd.choice(REGEXES), "flags": rnd.choice(["", "i", "s", "is"])}
    if kind == "number":
        field = rnd.choice(["n", "x", "nums"])
        return {"field": field, "type": TYPES[field], "multi": field == "nums", "op": "number",
                "cmp": rnd.choice(["==", "!=", "<", "<=", ">", ">="]), "value": rnd.choice([0, 1, 2, -1, 1.5])}
    if kind == "digits":
        return {"field": "digits", "type": "text", "op": "number", "cmp": rnd.choice(["==", "!="]), "value": rnd.choice([3, 10])}
    if kind == "boolean":
        field = rnd.choice(["b", "flag"])
        return {"field": field, "type": TYPES[field] if field == "b" else "text", "op": "boolean", "value": rnd.random() < .5}
    if kind == "ip":
        return {"field": "ip", "type": "ip", "op": rnd.choice(["equals", "startswith"]),
                "value": rnd.choice(["10.0.0.1", "::1", "10.", "192.168.1", "fc", "fe80:", ""])}
    if kind == "cidr":
        field = rnd.choice(["ip", "addr"])
        nets = ["10.0.0.0/8", "192.168.0.0/20", "10.0.0.1/32", "0.0.0.0/0"] + (["fe80::/10", "::/0"] if field == "ip" else [])
        return {"field": field, "type": "ip" if field == "ip" else "text", "op": "cidr", "value": rnd.choice(nets)}
    field = rnd.choice(["s", "n", "b", "ip", "many", "winlog.event_data.S", "winlog.event_data.Never"])
    return {"field": field, "type": TYPES.get(field, "text"), "op": rnd.choice(["exists", "null"])}


def tree(rnd, depth=3):
    r = rnd.random()
    if depth == 0 or r < .35:
        return leaf(rnd)
    if r < .6:
        return {"not": tree(rnd, depth - 1)}
    return {rnd.choice(["all", "any"]): [tree(rnd, depth - 1) for _ in range(rnd.randint(1, 3))]}


def event(rnd, i):
    maybe = lambda f: f() if rnd.random() < .75 else None  # noqa: E731
    text = lambda: rnd.choice(TEXTS)  # noqa: E731
    addr = lambda: rnd.choice(["10.0.0.1", "10.200.3.4", "192.168.1.5", "192.168.15.1", "192.168.16.1", "fe80::1", "::1", "fc00::1"])  # noqa: E731
    return strip_none({
        "_id": i, "@timestamp": i * 1000, "s": maybe(text), "w": maybe(text), "winlog.event_data.S": maybe(text),
        "many": maybe(lambda: [text() for _ in range(rnd.randint(1, 3))]), "n": maybe(lambda: rnd.choice([0, 1, 2, -1, 7])),
        "nums": maybe(lambda: [rnd.choice([0, 1, 2, 3]) for _ in range(rnd.randint(1, 2))]),
        "x": maybe(lambda: rnd.choice([0.0, 1.5, 2.25, -1.0])), "b": maybe(lambda: rnd.random() < .5), "ip": maybe(addr),
        "addr": maybe(lambda: rnd.choice([addr(), "10.0.0.1x", "010.0.0.1", "host", "10.0.0"])),
        "digits": maybe(lambda: rnd.choice(["3", "10", "33"])), "flag": maybe(lambda: rnd.choice(["true", "False", "no"]))})


# ------------------------------------------------------------------ the comparison

def emitted(specs):
    with tempfile.TemporaryDirectory() as tmp:
        plans, queries = pathlib.Path(tmp, "plans"), pathlib.Path(tmp, "queries")
        plans.write_text("".join(json.dumps(s, ensure_ascii=False) + "\n" for s in specs), encoding="utf-8")
        env = {**os.environ, "EQL_PLANS": str(plans), "EQL_QUERIES": str(queries)}
        subprocess.run(["cargo", "test", "--quiet", "--lib", "queries_for_the_oracle"], check=True, env=env,
                       cwd=pathlib.Path(__file__).parent, stdout=subprocess.DEVNULL)
        return [json.loads(line) for line in queries.read_text(encoding="utf-8").splitlines()]


def main():
    rnd = random.Random(SEED)
    specs = [{"filter": tree(rnd)} for _ in range(ROUNDS)]
    schema, stats = Schema().merge({"fields": {**TYPES, "winlog.event_data.Never": "keyword"}}), {}
    bad = 0

    def note(what):
        stats[what] = stats.get(what, 0) + 1
    for spec, answer in zip(specs, emitted(specs)):
        if "codes" in answer:
            note(f"refused {answer['codes'][0]}: {answer['message'].split('`')[0]}")
            continue
        query = answer["queries"][0]
        checked = eqlcheck.check(query, schema)
        if not checked["ok"]:
            bad += 1
            print("REJECTED", query, checked["errors"])
        for _ in range(4):
            docs = [event(rnd, i) for i in range(25)]
            want = [d["_id"] for d in docs if holds(spec["filter"], d)]
            fresh = Schema().merge({"fields": TYPES})
            try:
                got = [r["id"] for r in run_query(query, docs, fresh, Opts(check_ties=False))[0]]
            except (Unsupported, Refused) as e:
                bad += 1
                print("NOT RUN", query, e)
                break
            note("compared")
            note("with results") if want else None
            if got != want:
                bad += 1
                print("DIFFERS", json.dumps(spec, ensure_ascii=False), query, f"want {want} got {got}", sep="\n  ")
                for d in docs:
                    if (d["_id"] in want) != (d["_id"] in got):
                        print("   ", d)
                break
        if bad > 5:
            break
    for what in sorted(stats):
        print(f"{stats[what]:6} {what}")
    print("all agree" if not bad else f"{bad} differences")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
