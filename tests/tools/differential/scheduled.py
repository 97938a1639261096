"""Scheduled artifacts over random streams, run after run: each reports what the engine says of its range.

    tests/tools/differential/run target/release/sigweave --scheduled 300 [--seed S]

Development only: needs ../shared (see `run` beside this file). Every rule is built as Splunk's saved search, Sentinel's
analytics rule and a custom detection of Defender XDR. Their runs are executed one after the other, each over the events
that it would find: from its look-back on, up to the latest that have surely arrived (or up to the run itself). A run
has to report what `sigweave run --from --to` says of its range, and all runs together every firing once. Streams are
moved so that firings lie exactly on the borders of ranges, and a millisecond beside them.
"""

import datetime
import json
import pathlib
import random
import re
import subprocess
import tempfile
import uuid

from random_operators import KINDS

PROJECT = """
rules = ["rules"]
[environments.splunk]
target = "splunk"
platform = "splunk-ta"
formats = ["savedsearches"]
schedule = "5m"
delay = "2m"
[environments.sentinel]
target = "kql"
platform = "sentinel"
formats = ["sentinel-arm"]
schedule = "5m"
[environments.defender]
target = "kql"
platform = "defender-xdr"
formats = ["defender"]
schedule = "1h"
"""
PLATFORM = {"splunk": "splunk-ta", "sentinel": "sentinel", "defender": "defender-xdr"}
UNITS = {"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
# Streams have their firings around this time, and are moved to the next border of a range.
MIDDLE, MINUTE = 1_000_000, 60_000


def milliseconds(text):
    number, unit = re.fullmatch(r"(\d+)(ms|[smhd])", text).groups()
    return int(number) * UNITS[unit]


def described(made):
    """The rule with what artifacts need."""
    def meta(name):
        made_of = {"id": uuid.uuid5(uuid.NAMESPACE_DNS, name), "description": "d", "level": "high", "date": "2026-01-01", "author": "a"}
        return made_of.items()

    if made.suffix == "yml":
        lines = "".join(f"{key}: {value}\n" for key, value in meta(made.name))
        return made.text.replace("title: Correlated\n", f"title: {made.name}\n{lines}")
    def one(match):
        lines = "".join(f'    {key} = "{value}"\n' for key, value in meta(match[1]))
        return f"{match[0]}{lines}    falsepositives = [\"none\"]\n    tags = [attack.t1553.004]\n"
    return re.sub(r"rule (\w+) \{\n  meta:\n", one, made.text)


class Artifact:
    """A built query; `end` and `start` are how long before a run its range lies."""

    def __init__(self, environment, folder, name):
        read = {"splunk": self.splunk, "sentinel": self.sentinel, "defender": self.defender}[environment]
        read(folder, name)

    def splunk(self, folder, name):
        text = next(folder.glob("*/default/savedsearches.conf")).read_text().replace("\\\n", "\n")
        stanza = next(part for part in re.split(r"^(?=\[)", text, flags=re.M) if part.startswith(f"[{name}]"))
        self.query = re.search(r"^search = (.*?)^\w+ = ", stanza, re.M | re.S)[1]
        self.lookback = milliseconds(re.search(r"dispatch.earliest_time = -(\w+)@m", stanza)[1])
        self.delay = milliseconds(re.search(r"dispatch.latest_time = -(\w+)@m", stanza)[1])
        found = re.search(r"sw_time>=info_max_time\*1000-(\d+) AND sw_time<info_max_time\*1000(?:-(\d+))?", self.query)
        self.start, self.end = int(found[1]) + self.delay, int(found[2] or 0) + self.delay

    def kusto(self):
        start, end = re.search(r"_time >= bin\(now\(\), 1m\) - (\w+) and _time < bin\(now\(\), 1m\) - (\w+)", self.query).groups()
        self.start, self.end = milliseconds(start), milliseconds(end)

    def sentinel(self, folder, name):
        artifact = json.loads((folder / "sentinel-arm" / f"{name}.json").read_text())["resources"][0]["properties"]
        period = re.fullmatch(r"PT?(\w+)", artifact["queryPeriod"])[1].lower()
        self.query, self.lookback, self.delay = artifact["query"], milliseconds(period), 5 * 60_000
        self.kusto()

    def defender(self, folder, name):
        artifact = json.loads((folder / "defender" / f"{name}.json").read_text())
        self.query, self.lookback, self.delay = artifact["queryCondition"]["queryText"], 4 * 3_600_000, 5 * 60_000
        self.kusto()


class Stream:
    """A rule with events, built."""

    def __init__(self, execute, shapes, binary, made, events, folder):
        self.execute, self.shapes, self.binary, self.made, self.folder = execute, shapes, binary, made, folder
        self.original = self.events = events
        (folder / "rules").mkdir()
        (folder / "sigweave.toml").write_text(PROJECT)
        (folder / "rules" / f"{made.name}.{made.suffix}").write_text(described(made))
        self.built = subprocess.run([binary, "build"], cwd=folder, capture_output=True, text=True).stderr

    def move(self, milliseconds):
        """Events that much later."""
        self.events = [event | {"t": round(event["t"] + milliseconds / 1000, 3)} for event in self.original]
        lines = [json.dumps(self.shapes.neutral(number, event)) + "\n" for number, event in enumerate(self.events)]
        (self.folder / "events.ndjson").write_text("".join(lines))

    def engine(self, *options):
        command = [self.binary, "run", "rules", "events.ndjson", "--format", "json", *options]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        return [one for one in map(json.loads, done.stdout.splitlines()) if one["rule"] == self.made.name]

    def at(self, moment):
        """Milliseconds after the epoch of the streams, for the command line."""
        return (self.shapes.EPOCH + datetime.timedelta(milliseconds=moment)).isoformat().replace("+00:00", "Z")

    def rows(self, environment, artifact, run, late):
        """What a run returns of the events that it finds; of those that may still be late, none or all are there."""
        last = run - artifact.delay if late or environment == "splunk" else run
        there = [event for event in self.events if run - artifact.lookback <= round(event["t"] * 1000) < last]
        if environment == "splunk":
            end = (self.shapes.EPOCH + datetime.timedelta(milliseconds=run - artifact.delay)).timestamp()
            # The interpreter has no `addinfo`.
            return self.execute.splunk(artifact.query.replace("| addinfo", f"| eval info_max_time={end}"), there)
        return self.execute.kql(artifact.query, there, PLATFORM[environment], now=self.at(run + 1 + 7000 * late))

    def check(self, environment, rng):
        """The number of runs, of those that report something, and what differs."""
        built = self.folder / "build" / environment
        artifact = Artifact(environment, built, self.made.name)
        interval = artifact.start - artifact.end
        # Runs are at full minutes.
        middle = MIDDLE + (-MIDDLE - artifact.start) % MINUTE
        self.move(middle - MIDDLE)
        first = middle - interval * (1 + 1_500_000 // interval)
        runs, reported, found, sums = 0, 0, [], {}
        for start in range(first, middle + 1_500_000, interval):
            run, late = start + artifact.start, rng.random() < 0.5
            results = self.engine("--from", self.at(start), "--to", self.at(start + interval))
            rows = self.rows(environment, artifact, run, late)
            target = self.execute.PLATFORMS[PLATFORM[environment]]
            wanted, got = self.execute.results_of.both(target, results, rows, self.made.keys)
            runs, reported = runs + 1, reported + bool(results)
            if wanted != got:
                found.append(f"run at {self.at(run)}: engine {wanted}, {environment} {got}")
            for key, _, _, firings, *_ in got:
                sums[key] = sums.get(key, 0) + firings
        names = self.made.keys
        all_of_them = {self.execute.results_of.key(one["key"], names): one["count"] for one in self.engine()}
        if sums != all_of_them:
            found.append(f"all runs of {environment}: {sums}, the engine {all_of_them}")
        return runs, reported, found


def main(execute, shapes, binary, count, seed):
    """Prints each difference; the exit code."""
    kinds = list(KINDS.items())
    runs = reported = failed = refused = 0
    for number in range(count):
        rng = random.Random(seed * 1_000_003 + number)
        _, make = kinds[number % len(kinds)]
        made = make(rng, f"r{number}")
        with tempfile.TemporaryDirectory() as folder:
            stream = Stream(execute, shapes, binary, made, made.events(rng), pathlib.Path(folder))
            for environment in PLATFORM:
                if not (stream.folder / "build" / environment / "manifest.json").exists():
                    refused += 1
                    continue
                more, some, found = stream.check(environment, rng)
                runs, reported = runs + more, reported + some
                if found:
                    failed += 1
                    print("\n".join(found), made.text, *map(json.dumps, stream.events), sep="\n", flush=True)
    print(f"{runs} runs of {count} rules, {reported} with firings; {refused} rules refused; {failed} differ")
    return 1 if failed or not reported else 0
