"""Random rules over random events: the engine against what is emitted, on every platform.

Development only: needs ../shared. Run by `run --random N [--seed S [--only KIND]]` beside this file. Events are compared by
number, correlations by key, first and last firing and number of firings (EQL: by key).
"""

import json
import random
import subprocess
import tempfile
import pathlib

from random_aggregates import Aggregates
from random_operators import KINDS
from random_weaves import Bound, Timed

PIECES = ["a", "B", "\\", "*", "?", '"', "'", " ", ".", "(", "[", "|", "$", "%", "+", "{", "^", "/", "-", "#", "@", "&", "~", "<"]
WORDS = ["ab", "\\cmd.exe", "C:\\x\\", "-Enc", "\\", "\\\\srv", "x*y", "50%", 'say "hi"', "it's", "$env:T"]
TEXTS = ["CommandLine", "ParentCommandLine", "Image", "ParentImage", "OriginalFileName"]


def quoted(text):
    return "'" + text.replace("'", "''") + "'"


def value(rng):
    """Text of a rule's value: pieces, words, sometimes escapes."""
    parts = [rng.choice(PIECES if rng.random() < 0.6 else WORDS) for _ in range(rng.randint(1, 3))]
    if rng.random() < 0.2:
        parts.insert(rng.randint(0, len(parts)), rng.choice(["\\*", "\\?", "\\\\"]))
    return "".join(parts)


def text(rng):
    """Text of an event's field."""
    parts = [rng.choice(PIECES if rng.random() < 0.5 else WORDS) for _ in range(rng.randint(1, 5))]
    joined = "".join(parts)
    return joined.swapcase() if rng.random() < 0.4 else joined


def instance(rng, pattern):
    """Text that is likely to fit a value: wildcards filled in."""
    filled = pattern.replace("\\*", "\0").replace("\\?", "\1")
    filled = filled.replace("*", rng.choice(["", "zz", "*"])).replace("?", rng.choice(["q", "?", "\\"]))
    filled = filled.replace("\0", "*").replace("\1", "?").replace("\\\\", "\\" if rng.random() < 0.5 else "\\\\")
    around = [rng.choice(["", "p", " "]), rng.choice(["", "s", "\\"])]
    filled = around[0] + filled + around[1] if rng.random() < 0.5 else filled
    return filled.upper() if rng.random() < 0.3 else filled


class Rule:
    """A rule over process_creation and the values it asks for."""

    suffix = "yml"

    def __init__(self, rng, name):
        self.name = name
        self.values = []
        names = [f"sel_{letter}" for letter in "abc"[: rng.randint(1, 3)]]
        lines = [f"title: {name}", f"name: {name}", "status: test", "logsource:", "    product: windows"]
        lines += ["    category: process_creation", "detection:"]
        for selection in names:
            lines.append(f"    {selection}:")
            items = [self.item(rng, field) for field in rng.sample(TEXTS, rng.randint(1, 2))]
            # A mapping has each key once.
            lines += [line for _, item in {item[0].split(":")[0]: item for item in items}.items() for line in item]
        lines.append(f"    condition: {self.condition(rng, names)}")
        self.text = "\n".join(lines) + "\n"

    def item(self, rng, field):
        modifier = rng.choice(["", "", "|contains", "|startswith", "|endswith", "|contains|all", "|cased", "|contains|cased",
                               "|endswith|cased", "|re", "|re|i", "|exists", "|windash|contains", "|fieldref"])
        if modifier == "|exists":
            return [f"        {field}|exists: {rng.choice(['true', 'false'])}"]
        if modifier == "|fieldref":
            return [f"        {field}|fieldref: {rng.choice([name for name in TEXTS if name != field])}"]
        if modifier == "" and rng.random() < 0.08:
            return [f"        {field}: null"]
        values = [self.value(rng, modifier, field) for _ in range(rng.randint(1, 3))]
        return [f"        {field}{modifier}:"] + [f"            - {quoted(one)}" for one in values]

    def value(self, rng, modifier, field):
        if modifier.startswith("|re"):
            return rng.choice(["a+", "^C:", "\\.exe$", "[a-c]{2}", "x\\*y", '"hi"', "(ab|B)\\s?", "\\\\", "a.b", "[^a]", "\\d%", "-(?:Enc|e)", "^$", "$env"])
        one = value(rng)
        self.values.append((field, one))
        return one

    def condition(self, rng, names):
        shapes = ["1 of sel_*", "all of sel_*", "not 1 of sel_*", names[0], f"not {names[0]}"]
        if len(names) > 1:
            shapes += [f"{names[0]} and not {names[1]}", f"{names[0]} or not {names[1]}", f"not ({names[0]} and {names[1]})"]
        if len(names) > 2:
            shapes += [f"({names[0]} or {names[1]}) and not {names[2]}", f"not ({names[0]} or not {names[1]}) or {names[2]}"]
        return rng.choice(shapes)

    def events(self, rng):
        events = []
        for second in range(rng.randint(6, 14)):
            event = {"t": second, "ls": "windows/process_creation", "Computer": "h"}
            for field in TEXTS:
                if rng.random() < 0.8:
                    event[field] = text(rng)
            if self.values and rng.random() < 0.8:
                field, one = rng.choice(self.values)
                event[field] = instance(rng, one)
            # No empty text: Defender XDR and Splunk store no difference to a missing value.
            events.append({name: value for name, value in event.items() if value != ""})
        return events


ADDRESSES = ["10.0.0.1", "10.1.2.3", "11.0.0.1", "192.168.1.1", "fe80::1", "2001:db8::5", "::1", "127.0.0.1", "255.255.255.255"]
NETWORKS = ["10.0.0.0/8", "10.0.0.0/15", "192.168.1.1/32", "0.0.0.0/0", "fe80::/10", "2001:db8::/32", "127.0.0.0/8", "::1/128"]


class Connection(Rule):
    """A rule over network_connection: numbers, addresses, networks, booleans."""

    def __init__(self, rng, name):
        super().__init__(rng, name)
        self.text = self.text.replace("process_creation", "network_connection")

    def item(self, rng, field):
        tests = [
            lambda: (f"DestinationPort|{rng.choice(['gt', 'gte', 'lt', 'lte'])}", [str(rng.choice([0, 80, 443, 65535]))]),
            lambda: ("DestinationPort" + rng.choice(["", "|neq"]), [str(rng.choice([80, 443, 8443])) for _ in range(rng.randint(1, 2))]),
            lambda: ("DestinationIp|cidr", rng.sample(NETWORKS, rng.randint(1, 2))),
            lambda: ("SourceIp|cidr", rng.sample(NETWORKS, rng.randint(1, 2))),
            lambda: ("DestinationIp", rng.sample(ADDRESSES, rng.randint(1, 2))),
            lambda: ("DestinationIp|startswith", [rng.choice(["10.", "192.168.", "'fe80:'", "1"])]),
            lambda: ("Initiated", [rng.choice(["'true'", "'false'", "true"])]),
            lambda: ("DestinationHostname|endswith", ["'.example'"]),
            lambda: (rng.choice(["DestinationHostname", "DestinationPort", "DestinationIp"]), ["null"]),
            lambda: (rng.choice(["DestinationHostname", "DestinationPort"]) + "|exists", [rng.choice(["true", "false"])]),
        ]
        key, values = rng.choice(tests)()
        return [f"        {key}:"] + [f"            - {one}" for one in values] if len(values) > 1 else [f"        {key}: {values[0]}"]

    def events(self, rng):
        events = []
        for second in range(rng.randint(2, 8)):
            event = {"t": second, "ls": "windows/network_connection", "Computer": "h", "Image": "C:\\a.exe"}
            event["Initiated"] = rng.choice(["true", "false"])
            choices = {
                "DestinationIp": rng.choice(ADDRESSES),
                "SourceIp": rng.choice(ADDRESSES),
                "DestinationPort": rng.choice([0, 79, 80, 81, 443, 8443, 65535]),
                "SourcePort": 5000,
                "DestinationHostname": rng.choice(["a.example", "B.EXAMPLE", "example.org"]),
            }
            event |= {name: value for name, value in choices.items() if rng.random() < 0.8}
            if event["Initiated"] == "false":
                # The destination of an inbound connection is the host itself.
                event["DestinationHostname"] = event["Computer"]
            events.append(event)
        return events


BASES = {
    "reg": ("registry_set", "TargetObject|endswith: '\\Dll'"),
    "regx": ("registry_set", "TargetObject|contains: '\\X\\'"),
    "img": ("image_load", "ImageLoaded|endswith: '.dll'"),
    "prc": ("process_creation", "Image|endswith: '\\certutil.exe'"),
    "fil": ("file_event", "TargetFilename|endswith: '.exe'"),
}


class Correlation:
    """A correlation over the base rules."""

    suffix = "yml"

    def __init__(self, rng, name):
        self.name = name
        kind = rng.choice(["event_count", "temporal", "temporal_ordered", "boolean"])
        count = 1 if kind == "event_count" and rng.random() < 0.7 else rng.randint(2, 3)
        self.rules = rng.sample(list(BASES), count)
        keys = rng.choice([["Computer"], ["Computer"], ["Computer", "Image"], []])
        self.keys = self.fields = keys
        self.seconds = rng.choice([60, 300])
        lines = ["---", f"title: {name}", f"name: {name}", "status: test", "correlation:"]
        lines.append(f"    type: {'temporal' if kind == 'boolean' else kind}")
        lines += ["    rules:"] + [f"        - {name}_{rule}" for rule in self.rules]
        if keys:
            lines += ["    group-by:"] + [f"        - {key}" for key in keys]
        lines.append(f"    timespan: {self.seconds}s")
        if kind == "event_count":
            operators = rng.choice([["gte"], ["gt"], ["eq"], ["lt"], ["lte"], ["neq"], ["gt", "lte"]])
            low = rng.randint(1, 4)
            lines.append("    condition:")
            lines += [f"        {operator}: {low + at}" for at, operator in enumerate(operators)]
        if kind == "boolean":
            names = [f"{name}_{rule}" for rule in self.rules]
            shapes = [f"{names[0]} and not {names[1]}", f"{names[0]} or {names[1]}", f"not {names[0]} and {names[1]}"]
            if len(names) > 2:
                shapes += [f"{names[0]} and ({names[1]} or {names[2]})", f"({names[0]} or {names[1]}) and not {names[2]}",
                           f"{names[0]} and not ({names[1]} and {names[2]})"]
            lines.append(f"    condition: {rng.choice(shapes)}")
        bases = [self.base(rule) for rule in self.rules]
        self.text = "---\n".join(bases) + "\n".join(lines) + "\n"

    def base(self, rule):
        category, test = BASES[rule]
        name = f"{self.name}_{rule}"
        return (f"title: {name}\nname: {name}\nstatus: test\nlogsource:\n    product: windows\n    category: {category}\n"
                f"detection:\n    sel:\n        {test}\n    condition: sel\n")

    def events(self, rng):
        step, span = self.seconds / 3, self.seconds
        moments = [round(at * step + nudge, 3) for at in range(6) for nudge in (0, 0, 0.001, -0.001)]
        moments += [0, span, span]
        hosts = ["h1", "h2", "H1"] + ([None, ""] if rng.random() < 0.5 else [])
        events = []
        for _ in range(rng.randint(4, 14)):
            event = {"t": max(0, rng.choice(moments)), "Computer": rng.choice(hosts)}
            event["Image"] = rng.choice(["C:\\a.exe", "C:\\b.exe"])
            which = rng.choice(self.rules + ["other"])
            if which in ("reg", "regx"):
                target = rng.choice(["HKLM\\X\\Dll", "HKLM\\Y\\Dll", "HKLM\\X\\Name", "HKLM\\Y\\Name"])
                event |= {"ls": "windows/registry_set", "TargetObject": target, "Details": "d"}
            elif which == "img":
                event |= {"ls": "windows/image_load", "ImageLoaded": rng.choice(["C:\\t\\x.dll", "C:\\t\\x.ocx"])}
            elif which == "fil":
                event |= {"ls": "windows/file_event", "TargetFilename": rng.choice(["C:\\t\\x.exe", "C:\\t\\x.txt"])}
            else:
                event |= {"ls": "windows/process_creation", "Image": rng.choice(["C:\\certutil.exe", "C:\\a.exe"])}
            events.append(event)
        return sorted(events, key=lambda event: event["t"]) if rng.random() < 0.5 else events


# What `--only` chooses: classes by the name under which they are counted.
MADE = {
    "all": {"correlations": Correlation, "filters": Rule, "aggregates": Aggregates, "connections": Connection, "timed": Timed,
            "bound": Bound},
    "operators": KINDS | {"binding": Bound, "filter": Rule, "filter_of_connections": Connection},
}
MADE |= {name: {name: kind} for kinds in list(MADE.values()) for name, kind in kinds.items()}


def milliseconds(moment):
    return round(moment * 1000)


def engine(binary, shapes, made, events):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        file = f"rule.{made.suffix}"
        (folder / file).write_text(made.text)
        (folder / "events.ndjson").write_text("".join(json.dumps(shapes.neutral(n, e)) + "\n" for n, e in enumerate(events)))
        done = subprocess.run([binary, "run", file, "events.ndjson", "--format", "json"], cwd=folder, capture_output=True, text=True)
    if done.returncode > 1 or "error[" in done.stderr:
        raise ValueError(f"{done.stderr}\n{made.text}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def check(binary, shapes, execute, count, seed, kind):
    """Prints each difference; returns passed, failed, refused, fired and the number of streams, for each kind; those so far
    when it is interrupted."""
    kinds = list(MADE[kind].items())
    tallies = {name: dict.fromkeys(("streams", "fired", "passed", "failed", "refused"), 0) for name, _ in kinds}
    batch = 100
    for start in range(0, count, batch):
        rules = {}
        for number in range(start, min(start + batch, count)):
            rng = random.Random(seed * 1_000_003 + number)
            of, make = kinds[number % len(kinds)]
            made = make(rng, f"r{number}")
            rules[made.name] = (made, made.events(rng), tallies[of])
        try:
            check_batch(binary, shapes, execute, rules)
        except KeyboardInterrupt:
            break
    return tallies


def check_batch(binary, shapes, execute, rules):
    with tempfile.TemporaryDirectory() as folder:
        for name, (made, *_) in rules.items():
            (pathlib.Path(folder) / f"{name}.{made.suffix}").write_text(made.text)
        emitted = {platform: execute.convert(binary, folder, platform) for platform in execute.PLATFORMS}
    for name, (made, events, tally) in rules.items():
        results = [one for one in engine(binary, shapes, made, events) if one["rule"] == name]
        tally["streams"] += 1
        tally["fired"] += bool(results)
        for platform in execute.PLATFORMS:
            one = emitted[platform].get(name)
            if one is None or not one["queries"]:
                tally["refused"] += 1
                continue
            compare(execute, platform, made, events, results, one["queries"], tally)


def compare(execute, platform, made, events, results, queries, tally):
    try:
        if isinstance(made, Rule):
            wanted = {event["line"] - 1 for one in results for event in one["events"]}
            found = execute.fired(platform, queries, events, {})
        else:
            wanted, found = firings(execute, platform, made, events, results, queries)
    except Exception as error:  # whatever an interpreter says is a difference
        wanted, found = "no error", f"{type(error).__name__}: {error}"
    # What was accepted (W0606) is about simultaneous events only.
    accepted = any(query.startswith("// accepted (W0606)") for query in queries)
    if wanted == found or accepted and isinstance(found, set) and simultaneous(events):
        tally["passed"] += 1
        return
    tally["failed"] += 1
    print(f"--- {platform}: engine {wanted}, platform {found}")
    print(made.text)
    for number, event in enumerate(events):
        print(f"    {number}: {json.dumps(event)}")
    print("\n\n".join(queries), flush=True)


def simultaneous(events):
    moments = [milliseconds(event["t"]) for event in events]
    return len(set(moments)) < len(moments)


def firings(execute, platform, made, events, results, queries):
    target = execute.PLATFORMS[platform]
    if target == "eql":
        keys = {tuple(str(one["key"][key]) for key in made.keys) for one in results}
        return keys, execute.fired(platform, queries, events, {"names": made.keys, "fields": made.fields})
    rows = [row for query in queries for row in execute.rows_of(platform, query, events)]
    return execute.results_of.both(target, results, rows, made.keys)
