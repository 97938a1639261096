"""Breaks the queries that Sigweave emits, one small way at a time, and shows that the harness notices.

    tests/tools/differential/run target/release/sigweave --mutants [--streams N] [--seed S]

Development only: needs ../shared (see `run` beside this file). A mutant is a mistake that a compiler
of correlations could make: a window that does not slide, `>` for `>=`, an order that simultaneous events
do not have, a null check that is missing, an event that follows itself. Each is written into the queries
of each language where it can be said, and these are executed over the events of the cases of tests/corpus,
then over random streams, until what they find differs from what the engine says. A query that an interpreter
cannot read counts for nothing. (Mistakes of the engine itself are those that its naive twin in tests/engine finds.)

Prints a line per mutant with what caught it, then how many random streams fire at all; exits 1 if a mutant
survives, or if fewer than 20 % or more than 80 % of the streams fire: then they would prove little.
"""

import dataclasses
import json
import pathlib
import random
import re
import tempfile
from typing import Callable

PLATFORM = {"kql": "defender-xdr", "splunk": "splunk-ta", "eql": "elastic-winlogbeat"}
FIRE = (20, 80)


@dataclasses.dataclass
class Mutant:
    """A mistake; `change` takes the queries of a rule and returns the wrong ones, or the same."""

    name: str
    target: str
    change: Callable[[list], list]


def each(pattern, replacement):
    """Changes every query where the pattern matches."""
    return lambda queries: [re.sub(pattern, replacement, query) for query in queries]


def milliseconds_less(found):
    """`maxspan=5m` without its last millisecond."""
    length, unit = int(found[1]), {"d": 86_400_000, "h": 3_600_000, "m": 60_000, "s": 1000, "ms": 1}[found[2]]
    return f"maxspan={length * unit - 1}ms"


def self_following(queries):
    """Orders look at their own group as if it were an earlier one."""
    def changed(line):
        return re.sub(r"_before(\d+)", r"_start\1", line) if line.startswith("| extend _fired") else line
    return ["\n".join(map(changed, query.split("\n"))) for query in queries]


def own_group(queries):
    def changed(line):
        return line.replace("sw_before", "sw_start") if line.startswith("| eval sw_firings") else line
    return ["\n".join(map(changed, query.split("\n"))) for query in queries]


MUTANTS = [
    Mutant("tumbling window", "kql", each(r"_time - (\w+) <= (\d+\w+)", r"bin(_time, \2) == bin(\1, \2)")),
    Mutant("tumbling window", "splunk", each(r"sw_time-(\w+)<=(\d+)", r"floor(sw_time/\2)=floor(\1/\2)")),
    Mutant("`<` for `<=` at the window's end", "kql", each(r"(_time - \w+) <= ", r"\1 < ")),
    Mutant("`<` for `<=` at the window's end", "splunk", each(r"(sw_time-\w+)<=", r"\1<")),
    Mutant("`<` for `<=` at the window's end", "eql", each(r"maxspan=(\d+)(ms|[dhms])", milliseconds_less)),
    Mutant("`>` for `>=` in a count", "kql", each(r"prev\((_counts\d+|_time|_key\d+), (\d+)\)", lambda m: f"prev({m[1]}, {int(m[2]) + 1})")),
    Mutant("`>` for `>=` in a count", "splunk", each(r"window=(\d+)", lambda m: f"window={int(m[1]) + 1}")),
    Mutant("`>` for `>=` in a count", "eql", each(r"with runs=(\d+)", lambda m: f"with runs={int(m[1]) + 1}")),
    Mutant("dropped tie order", "kql", each(r"( or _count\d+ >= \d+)+", "")),
    Mutant("dropped tie order", "splunk", each(r"( OR \(?sw_n\d+>=\d+\)?)+", "")),
    Mutant("dropped tie order", "eql", lambda queries: [q for q in queries if "`@timestamp`" not in q] or queries),
    Mutant("rows in any order", "kql", each(r", _time asc\n", "\n")),
    Mutant("rows in any order", "splunk", each(r"\n\| sort 0 num\(sw_time\)", "")),
    Mutant("lost null check of the key", "kql", each(r"\n\| where isnotempty\(_key0\)", "")),
    Mutant("lost null check of the key", "splunk", each(r"""( AND isnotnull\(Computer\))? AND Computer!="\"""", "")),
    Mutant("lost null check of the key", "eql", each(r' and \?*winlog\.computer_name != ""', "")),
    Mutant("lost null check under `not`", "kql", each(r"coalesce\(([^()]*(?:\([^()]*\))?[^()]*), false\)", r"\1")),
    Mutant("lost null check under `not`", "splunk", each(r"NOT \(isnotnull\((\w+|tonumber\(\w+\))\) AND ", "NOT (")),
    Mutant("lost null check under `not`", "eql", each(r"\(\??([\w.]+) != null and (\??\1 [^()]*)\)", r"(\2)")),
    Mutant("an event follows itself", "kql", self_following),
    Mutant("an event follows itself", "splunk", own_group),
    Mutant("a value leaves a millisecond early", "kql", each(r"_time \+ (\d+)ms\)", lambda m: f"_time + {int(m[1]) - 1}ms)")),
    Mutant("a value leaves a millisecond early", "splunk", each(r"sw_time\+(\d+)\)", lambda m: f"sw_time+{int(m[1]) - 1})")),
    Mutant("a value that comes again counts again", "kql", each(r"(_held\d+) == 1,", r"\1 >= 1,")),
    Mutant("a value that comes again counts again", "splunk", each(r"(sw_held\d+)=1,", r"\1>=1,")),
    Mutant("what leaves is an event", "kql", each(r", _mask = iff\(_copy == 0, _mask, 0\)", "")),
    Mutant("what leaves is an event", "splunk", each(r"sw_mask=if\(sw_copy=0, sw_mask, 0\)", "sw_mask=sw_mask")),
    Mutant("lost check that there are values", "kql", each(r"_total\d+ > 0 and ", "")),
    Mutant("lost check that there are values", "splunk", each(r"sw_total\d+>0 AND ", "")),
    Mutant("a rank rounded down", "kql", each(r"< ([\d.]+ \* _total\d+)", r"< bin(\1, 1)")),
    Mutant("a rank rounded down", "splunk", each(r"<([\d.]+\*sw_total\d+)", r"<floor(\1)")),
]


class Streams:
    """Rules with events: those of the corpus, then random ones; conversions are kept."""

    def __init__(self, execute, random_rules, shapes, binary, count, seed):
        self.execute, self.random_rules, self.shapes, self.binary = execute, random_rules, shapes, binary
        self.converted = {}
        self.cases = [self.case(file.parent) for file in sorted((execute.ROOT / "tests/corpus").glob("*/expect.json"))]
        self.made = [self.random(number, seed) for number in range(count)]
        self.folder = tempfile.TemporaryDirectory()
        for name, made, _, _ in self.made:
            (pathlib.Path(self.folder.name) / f"{name}.{made.suffix}").write_text(made.text)

    def case(self, folder):
        expectation = json.loads((folder / "expect.json").read_text())
        lines = (folder / "events.ndjson").read_text().splitlines()
        events = [json.loads(line) for line in lines if line.strip()]
        results = self.execute.engine_results(self.binary, folder, events, expectation["rule"])
        return folder, expectation, events, results

    def random(self, number, seed):
        rng = random.Random(seed * 1_000_003 + number)
        kinds = list(self.random_rules.MADE["all"].values())
        name = f"r{number}"
        made = kinds[number % len(kinds)](rng, name)
        events = made.events(rng)
        results = [one for one in self.random_rules.engine(self.binary, self.shapes, made, events) if one["rule"] == name]
        return name, made, events, results

    def queries(self, folder, rule, platform):
        if (folder, platform) not in self.converted:
            self.converted[folder, platform] = self.execute.convert(self.binary, folder, platform)
        return (self.converted[folder, platform].get(rule) or {"queries": []})["queries"]

    def fired(self):
        """How many of the random streams fire, in percent."""
        return 100 * sum(bool(results) for *_, results in self.made) / max(1, len(self.made))

    def differs(self, target, queries, events, results, names, fields):
        """Whether wrong queries find something else than the engine."""
        execute, platform = self.execute, PLATFORM[target]
        try:
            if names is None:
                wanted = {event["line"] - 1 for one in results for event in one["events"]}
                return execute.fired(platform, queries, events, {}) != wanted
            if target == "eql":
                wanted = {tuple(str(one["key"][name]) for name in names) for one in results}
                return execute.fired(platform, queries, events, {"names": names, "fields": fields}) != wanted
            rows = [row for query in queries for row in execute.rows_of(platform, query, events)]
            wanted, found = execute.results_of.both(target, results, rows, names)
            return wanted != found
        except Exception as problem:
            # An interpreter that cannot read the query has not noticed anything; that of SPL, which
            # meets a null under NOT, has: what Splunk does then is not documented.
            return "NULL_IN_NOT" in str(problem)

    def catches(self, mutant, enough=3):
        """What notices a mutant; and how many queries it changed."""
        caught, changed = [], 0
        platform = PLATFORM[mutant.target]
        for folder, expectation, events, results in self.cases:
            right = self.queries(folder, expectation["rule"], platform)
            wrong = mutant.change(right)
            if wrong == right or any("// accepted" in query for query in right):
                continue
            changed += 1
            names = expectation.get("names")
            fields = expectation.get("fields", names)
            if self.differs(mutant.target, wrong, events, results, names, fields):
                caught.append(folder.name)
            if len(caught) >= enough:
                return caught, changed
        for name, made, events, results in self.made:
            right = self.queries(self.folder.name, name, platform)
            wrong = mutant.change(right)
            if wrong == right or any("// accepted" in query for query in right):
                continue
            changed += 1
            names = None if isinstance(made, self.random_rules.Rule) else made.keys
            if self.differs(mutant.target, wrong, events, results, names, getattr(made, "fields", names)):
                caught.append(f"random stream {name[1:]}")
            if len(caught) >= enough:
                break
        return caught, changed


def main(execute, shapes, binary, count, seed):
    """Prints what catches each mutant; the exit code."""
    import random_rules

    streams = Streams(execute, random_rules, shapes, binary, count, seed)
    survived = 0
    for mutant in MUTANTS:
        caught, changed = streams.catches(mutant)
        survived += not caught
        by = ", ".join(caught) if caught else f"SURVIVES in {changed} queries that it changed"
        print(f"{mutant.name}, {mutant.target}: {by}", flush=True)
    percent = streams.fired()
    print(f"{percent:.0f} % of {count} random streams fire")
    print(f"{len(MUTANTS) - survived} passed, {survived} failed")
    return 1 if survived or not FIRE[0] <= percent <= FIRE[1] else 0
