#!/usr/bin/env python3
"""Runs the sequences of every operator over random events and compares the keys with a reading of DESIGN 2.3.

    python tests/tools/eql_sequences.py ORACLE [STREAMS] [SEED] [OPERATOR…]

ORACLE as in eql_oracle.py. STREAMS is the number of streams per operator (1,000). Times are milliseconds, so
that borders (exactly the window, one more) and simultaneous events come often; events may satisfy several
patterns, keys may be empty or missing. An operator that is exact must agree on every stream with
simultaneous events in either order; one that is accepted under W0606 must agree where no two events of a
key share a time (and an order may find only less where they do). Then queries are broken on purpose: each
mutant that applies to an operator must be caught. Exit code: 0 all agree and all mutants caught, 1 otherwise.
"""
import itertools
import random
import re
import sys

from eql_oracle import ORACLE, SEED, TYPES, emitted, strip_none  # noqa: E402  (sets the path to the oracle)
import eqlcheck  # noqa: E402
from eqlparse import EqlSyntax, parse  # noqa: E402
from eqlrun import Opts, run_query  # noqa: E402
from eqlschema import Schema  # noqa: E402

STREAMS = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
PER_RULE = 10
LETTERS = "abcd"


# ------------------------------------------------------------------ a reading of the rules

def is_a(p, doc):
    return LETTERS[p] in doc["tag"]


def named(c, positive=True):
    """The patterns that a condition names positively."""
    kind = c[0]
    here = {"seen": lambda: [c[1]], "count": lambda: c[1], "score": lambda: [p for cl in c[1] for p, _ in cl]}
    if kind in here:
        return set(here[kind]()) if positive else set()
    if kind == "chain":
        steps = {s[0] for s in c[1]} if positive else set()
        return steps | (set() if positive else {p for s in c[1] for p in s[2]})
    if kind == "absent":
        of = {c[4]} - {None} if positive else set()
        return of | (set() if positive else {c[1]})
    if kind == "not":
        return named(c[1], not positive)
    return set().union(*(named(x, positive) for x in c[-1]))


def chain_holds(steps, candidates, docs, skew, last=None):
    """Whether different events can be found for the steps, the last one being `last` if given."""
    for picked in itertools.permutations(candidates, len(steps)):
        if last is not None and picked[-1] is not last:
            continue
        if not all(is_a(s[0], d) for s, d in zip(steps, picked)):
            continue
        if all(follows(a, b, s, docs, skew) for a, b, s in zip(picked, picked[1:], steps[1:])):
            return True
    return False


def follows(a, b, step, docs, skew):
    ta, tb = a["@timestamp"], b["@timestamp"]
    if ta > tb + skew or step[1] is not None and tb - ta > step[1]:
        return False
    low, high = min(ta, tb), max(ta, tb)
    between = (d for d in docs if d is not a and d is not b and low <= d["@timestamp"] <= high)
    return not any(is_a(p, d) for d in between for p in step[2])


def condition(c, inside, docs, t, spec):
    again = lambda x: condition(x, inside, docs, t, spec)  # noqa: E731
    kind = c[0]
    if kind == "seen":
        return any(is_a(c[1], d) for d in inside)
    if kind == "count":
        n, want = sum(any(is_a(p, d) for p in c[1]) for d in inside), c[3]
        return {"==": n == want, "!=": n != want, ">=": n >= want, ">": n > want, "<": n < want, "<=": n <= want}[c[2]]
    if kind == "chain":
        return chain_holds(c[1], inside, docs, spec["skew"])
    if kind == "all":
        return all(map(again, c[1]))
    if kind == "any":
        return any(map(again, c[1]))
    if kind == "not":
        return not again(c[1])
    if kind == "at_least":
        return sum(map(again, c[2])) >= c[1]
    if kind == "score":
        largest = (max([w for p, w in cl if any(is_a(p, d) for d in inside)], default=0) for cl in c[1])
        return sum(largest) >= c[2]
    _, pattern, span, anchor, of = c
    anchors = [t] if of is None else [d["@timestamp"] for d in inside if is_a(of, d)]
    before, after = span * (anchor != "after"), span * (anchor != "before")
    clear = lambda at: not any(is_a(pattern, d) and at - before <= d["@timestamp"] <= at + after for d in docs)  # noqa: E731
    return any(map(clear, anchors))


def fires(spec, docs):
    """Whether the rule fires for these events of one key."""
    cond, window = spec["cond"], spec["window"]
    for d in docs:
        t = d["@timestamp"]
        if cond[0] == "chain":
            ahead = spec["skew"] * (len(cond[1]) - 1)
            candidates = [e for e in docs if t - window <= e["@timestamp"] <= t + ahead]
            if chain_holds(cond[1], candidates, docs, spec["skew"], d):
                return True
        elif any(is_a(p, d) for p in named(cond)):
            if condition(cond, [e for e in docs if t - window <= e["@timestamp"] <= t], docs, t, spec):
                return True
    return False


# ------------------------------------------------------------------ operators

def seen(*patterns):
    return [["seen", p] for p in patterns]


def chain(*patterns, within=None, without=()):
    """An order; what is said of a step is said of the last one."""
    steps = [[p, None, []] for p in patterns]
    steps[-1][1:] = [within, list(without)]
    return ["chain", steps]


def absent(pattern, span, anchor="before", of=None):
    return ["absent", pattern, span, anchor, of]


def two(r):
    return r.sample(range(3), 2)


EXACT = {
    "temporal of two": lambda r: ["all", seen(*two(r))],
    "temporal of three": lambda r: ["all", seen(0, 1, 2)],
    "or": lambda r: ["any", seen(*two(r))],
    "count >= n": lambda r: ["count", r.choice([[0], [0, 1], [0, 1, 2]]), r.choice([">=", ">"]), r.randint(1, 4)],
    "count not below": lambda r: ["all", [*seen(0), ["not", ["count", [0], r.choice(["<", "<="]), r.randint(1, 3)]]]],
    "count and presence": lambda r: ["all", [["count", [0], ">=", 2], *seen(r.randint(1, 2))]],
    "order of two": lambda r: chain(*two(r)),
    "order within": lambda r: chain(*two(r), within=r.randint(1, 9)),
    "order of one kind": lambda r: ["chain", [[0, None, []]] * r.choice([2, 3])],
    "order or presence": lambda r: ["any", [chain(*two(r), within=r.choice([None, 2])), *seen(r.randrange(3))]],
    "order with skew": lambda r: ("skew", chain(*(r.choice([two(r), [0, 0]])), within=r.choice([None, 2]))),
    "skewed order or count": lambda r: ("skew", ["any", [chain(0, 1), ["count", [2], ">=", 2]]]),
    "two of three": lambda r: ["at_least", 2, seen(0, 1, 2)],
    "score": lambda r: ["score", [[[0, 40], [1, 60]], [[2, 30]]], r.choice([30, 70, 90])],
    "root and score": lambda r: ["all", [["any", seen(0, 1)], ["score", [[[0, 35]], [[1, 45]], [[2, 20]], [[3, 15]]], 70]]],
    "either and another": lambda r: ["all", [["any", seen(0, 1)], *seen(2)]],
    "nested": lambda r: ["any", [["count", [0], ">=", 3], ["all", seen(1, 2)]]],
}
# Accepted: W0606. Where events share a time, an order may find less; the others may find more.
ACCEPTED = {
    "order of three": lambda r: chain(*(r.randrange(3) for _ in range(3))),
    "order of four": lambda r: chain(0, *(r.randrange(4) for _ in range(3))),
    "order and presence": lambda r: (lambda x, y: ["all", [chain(x, y), *seen(3 - x - y)]])(*two(r)),
    "order and count": lambda r: ["all", [chain(0, 1), ["count", [2], ">=", 2]]],
    "and not": lambda r: ["all", [*seen(0), ["not", seen(1)[0]]]],
    "either and not": lambda r: r.choice([
        ["all", [["any", seen(0, 2)], ["not", seen(1)[0]]]],
        ["any", [["all", [*seen(0), ["not", seen(1)[0]]]], ["all", [*seen(2), ["not", seen(1)[0]]]]]],
        ["any", [["all", [*seen(0), ["not", seen(1)[0]]]], *seen(2)]]]),
    "and none of": lambda r: ["all", [*seen(0), r.choice([["not", ["any", seen(1, 2)]], ["count", [1, 2], "<", 1]])]],
    "and not both": lambda r: ["all", [*seen(0), ["not", ["all", seen(1, 2)]]]],
    "count and not": lambda r: ["all", [["count", r.choice([[0], [0, 2]]), ">=", r.randint(1, 4)], ["not", seen(1)[0]]]],
    "not before": lambda r: ["all", [*seen(0), absent(1, r.randint(1, 9))]],
    "not before an event": lambda r: r.choice([absent(1, r.randint(1, 9), "before", 0),
                                               ["all", [*seen(0), absent(1, r.randint(1, 9), "before", 0)]]]),
    "not after": lambda r: ["all", [*seen(0), absent(1, r.randint(1, 9), "after", r.choice([None, 0]))]],
    "order without": lambda r: (lambda x, y: chain(x, y, within=r.choice([None, None, 3]), without=[3 - x - y]))(*two(r)),
    "order of three without": lambda r: chain(0, 1, r.randrange(3), without=[r.choice([2, 3])]),
    "skewed order without": lambda r: ("skew", chain(0, 1, without=[2])),
    "count == n": lambda r: ["count", r.choice([[0], [0, 1]]), "==", r.randint(1, 3)],
    "count in a range": lambda r: (lambda n: ["all", [["count", [0], ">=", n], ["count", [0], "<=", n + r.randint(0, 2)]]])(r.randint(1, 3)),
    "count == n or another": lambda r: ["any", [["count", [0], "==", 2], ["all", seen(1, 2)]]],
}
COMMON = {"or", "order or presence", "and not", "either and not", "and not both", "not before", "not before an event", "not after",
          "and none of", "two of three", "score"}
RARE = {"temporal of three", "order of three", "order of four", "order and presence", "order and count", "order of three without",
        "order of one kind", "order within", "order without", "root and score"}
ORDERS = {"order of three", "order of four", "order and presence", "order and count"}


def spec_of(rnd, name, make):
    cond, skew = make(rnd), 0
    if cond[0] == "skew":
        cond, skew = cond[1], rnd.randint(1, 6)
    tags = rnd.random() < .4
    return {"cond": cond, "window": rnd.choice([3, 5, 8]), "skew": skew, "name": name, "tags": tags,
            "accept": ["W0606", "W0607"] if name in ACCEPTED else [],
            "overlaps": [[a, b] for a in range(4) for b in range(a + 1, 4)] if tags else [],
            "patterns": [{"field": "tag", "type": "text", "op": "equals", "value": c} for c in LETTERS]}


def stream(rnd, spec, ties):
    """Few events where one suffices, many where an order of three is asked for."""
    low, high = (2, 5) if spec["name"] in COMMON else (8, 12) if spec["name"] in RARE else (4, 9)
    n, used = rnd.randint(low, high), letters(spec["cond"])
    times = [rnd.randrange(14) for _ in range(n)] if ties else rnd.sample(range(18), n)
    one = lambda: rnd.choice(used + used + LETTERS)  # noqa: E731
    tag = lambda: sorted({one() for _ in range(rnd.choice([1, 1, 2, 3]))}) if spec["tags"] else [one()]  # noqa: E731
    key = lambda: rnd.choice(["k", "k", "k", "k", "l", "K", rnd.choice(["", None])])  # noqa: E731
    return [strip_none({"_id": i, "@timestamp": t, "tag": tag(), "g": key()}) for i, t in enumerate(times)]


def letters(cond):
    """The patterns that a condition names, as letters."""
    if cond[0] == "absent":
        return LETTERS[cond[1]] + ("" if cond[4] is None else LETTERS[cond[4]])
    if cond[0] in ("seen", "count"):
        return "".join(LETTERS[p] for p in (cond[1] if cond[0] == "count" else [cond[1]]))
    if cond[0] == "chain":
        return "".join(LETTERS[p] for step in cond[1] for p in [step[0], *step[2]])
    if cond[0] == "score":
        return "".join(LETTERS[p] for of in cond[1] for p, _ in of)
    return letters(cond[1]) if cond[0] == "not" else "".join(map(letters, cond[-1]))


# ------------------------------------------------------------------ the comparison

def by_key(docs):
    found = {}
    for d in docs:
        if d.get("g"):
            found.setdefault(d["g"], []).append(d)
    return found


def keys_found(queries, docs, **options):
    found = set()
    for q in queries:
        results, _ = run_query(q, docs, Schema().merge({"fields": TYPES}), Opts(check_ties=False, **options))
        found |= {r["join_keys"][0] if "join_keys" in r else docs[r["id"]].get("g") for r in results}
    return found


def agrees(spec, queries, docs, want, ties):
    for reverse in (False, True):
        got = keys_found(queries, docs, reverse_ties=reverse)
        if spec["name"] in EXACT or not ties:
            if got != want:
                return False
        elif spec["name"] in ORDERS and not got <= want:
            return False
    return True


def span(queries, by):
    return [re.sub(r"maxspan=(\d+)ms", lambda m: f"maxspan={int(m[1]) + by}ms", q) for q in queries]


def without_missing(queries):
    mutated = []
    for query in queries:
        kept = [line for line in query.split("\n") if not line.startswith("  ![")]
        terms = [line.strip() for line in kept if line.startswith("  [")]
        if len(terms) == 1 and "![" in query:
            kept = [re.sub(r"^\[(.*?)\]( by .*)?$", r"\1", terms[0])]  # one event is no sequence
        mutated.append("\n".join(kept))
    return mutated


MUTANTS = {
    "a window longer by 1 ms": lambda qs: span(qs, 1),
    "a window shorter by 1 ms": lambda qs: span(qs, -1),
    "no absence": without_missing,
    "no query for both at once": lambda qs: [q for q in qs if "`@timestamp`" not in q],
    "an order fewer": lambda qs: qs[:-1] if len(qs) > 1 and "`@timestamp`" not in "".join(qs) else qs,
    "a repetition fewer": lambda qs: [re.sub(r"runs=(\d+)", lambda m: f"runs={max(1, int(m[1]) - 1)}", q) for q in qs],
}


def broken(queries):
    """The mutants that change something and leave queries."""
    mutants = {name: mutate(list(queries)) for name, mutate in MUTANTS.items()}
    return {name: mutated for name, mutated in mutants.items()
            if mutated and mutated != queries and all(map(parses, mutated))}


def parses(query):
    try:
        return bool(parse(query))
    except EqlSyntax:
        return False


def check(rnd, spec, queries, tally):
    mutants = broken(queries)
    for i in range(PER_RULE):
        ties = i % 2 == 0
        docs = stream(rnd, spec, ties)
        want = {g for g, ds in by_key(docs).items() if fires(spec, ds)}
        tally["streams"] += 1
        tally["fired"] += bool(want)
        if not agrees(spec, queries, docs, want, ties):
            tally["differences"] += 1
            if tally["differences"] < 4:
                got = [keys_found(queries, docs, reverse_ties=reverse) for reverse in (False, True)]
                print("DIFFERS", spec, *queries, f"wanted {want}, found {got}", *docs, sep="\n  ")
        for name, mutated in mutants.items():
            if name not in tally["caught"] or not tally["caught"][name]:
                tally["caught"][name] = not agrees(spec, mutated, docs, want, ties)


def main():
    chosen = sys.argv[4:]
    operators = {name: make for name, make in {**EXACT, **ACCEPTED}.items() if not chosen or name in chosen}
    rnd, bad = random.Random(SEED), 0
    specs = [spec_of(rnd, name, make) for name, make in operators.items() for _ in range(STREAMS // PER_RULE)]
    schema = Schema().merge({"fields": TYPES})
    new = lambda: {"streams": 0, "fired": 0, "differences": 0, "refused": 0, "caught": {}}  # noqa: E731
    tallies = {name: new() for name in operators}
    for spec, answer in zip(specs, emitted(specs)):
        tally = tallies[spec["name"]]
        if "codes" in answer:
            tally["refused"] += 1
            tally["why"] = answer["message"]
            continue
        for q in answer["queries"]:
            if not eqlcheck.check(q, schema)["ok"]:
                bad += 1
                print("REJECTED", q)
        check(rnd, spec, answer["queries"], tally)
    print(f"{'operator':28} streams  fire  refused  differences  mutants caught")
    for name, tally in tallies.items():
        caught, share = tally["caught"], 100 * tally["fired"] // max(1, tally["streams"])
        missed = [mutant for mutant, found in caught.items() if not found]
        bad += tally["differences"] + len(missed) + (not tally["streams"])
        print(f"{name:28} {tally['streams']:7} {share:4}% {tally['refused']:8} {tally['differences']:12}  {len(caught) - len(missed)}/{len(caught)}"
              + (f"  MISSED: {', '.join(missed)}" if missed else "") + (f"  ({tally['why']})" if "why" in tally else ""))
    print("all agree" if not bad else f"{bad} problems")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
