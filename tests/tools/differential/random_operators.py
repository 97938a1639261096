"""One operator of a correlation per rule, over streams made to meet its borders (see random_rules.py).

Every stream has times that lie exactly on the borders of the window and of other spans, and a millisecond beside
them; several events may share a millisecond; keys are equal, differ in case, are empty, null or missing; one
event may be two of the rule's. The events themselves are found by tests with wildcards, quotes, `not`, `null`,
regard to case and several values in a field. `check` prints how many streams of each operator fire: 20 to 80 %
should, or they would prove little.
"""

import re

# Events: log source, predicate in Weave, detection and condition in Sigma.
EVENTS = {
    "reg": ("registry_set", "TargetObject endswith '\\Dll'", ["sel: {TargetObject|endswith: '\\Dll'}"], "sel"),
    "regx": ("registry_set", "TargetObject contains '\\X\\'", ["sel: {TargetObject|contains: '\\X\\'}"], "sel"),
    "regn": ("registry_set", "not (TargetObject endswith '\\Dll' and Details == 'd')",
             ["one: {TargetObject|endswith: '\\Dll'}", "two: {Details: d}"], "not (one and two)"),
    "img": ("image_load", "ImageLoaded endswith '.dll'", ["sel: {ImageLoaded|endswith: '.dll'}"], "sel"),
    "prc": ("process_creation", "Image endswith '\\certutil.exe'", ["sel: {Image|endswith: '\\certutil.exe'}"], "sel"),
    "prn": ("process_creation", "not Image endswith '\\certutil.exe'", ["sel: {Image|endswith: '\\certutil.exe'}"], "not sel"),
    "quo": ("process_creation", 'CommandLine contains "\\"it\'s\\" 50%\\\\"', ["sel: {CommandLine|contains: '\"it''s\" 50%\\'}"], "sel"),
    "lik": ("process_creation", "CommandLine like 'A?b*c'", ["sel: {CommandLine: 'A?b*c'}"], "sel"),
    "cas": ("process_creation", "CommandLine cased contains 'Ab'", ["sel: {CommandLine|contains|cased: 'Ab'}"], "sel"),
    "nul": ("process_creation", "CommandLine is null", ["sel: {CommandLine: null}"], "sel"),
    "ref": ("process_creation", "Image == ParentImage", ["sel: {Image|fieldref: ParentImage}"], "sel"),
    "fil": ("file_event", "TargetFilename endswith '.exe'", ["sel: {TargetFilename|endswith: '.exe'}"], "sel"),
    "net": ("network_connection", "DestinationPort >= 0", ["sel: {DestinationPort|gte: 0}"], "sel"),
    "far": ("network_connection", "not DestinationIp cidr '10.0.0.0/8'", ["sel: {DestinationIp|cidr: 10.0.0.0/8}"], "not sel"),
}
# Those that every platform can find, for whatever is about time and keys.
PLAIN = ["reg", "regx", "img", "prc", "fil"]
# EQL compares no field with another.
ANY = [event for event in EVENTS if event not in ("ref", "net", "far")]
NUMBERS = [0, 1, 2, 3, 10, 80, 443, 65535]
HEX = "0123456789abcdefABCDEF0123456789ABCDEFab"


def event(rng, which):
    """An event that is likely to be `which`."""
    pick = rng.choice
    if which in ("reg", "regx", "regn"):
        target = pick(["HKLM\\X\\Dll", "HKLM\\Y\\Dll", "HKLM\\X\\Name", "HKLM\\x\\dLL", "HKLM\\X\\Dll2"])
        return {"ls": "windows/registry_set", "TargetObject": target, "Details": pick(["d", "D", "e"])}
    if which == "img":
        return {"ls": "windows/image_load", "ImageLoaded": pick(["C:\\t\\x.dll", "C:\\t\\X.DLL", "C:\\t\\x.dll.ocx"])}
    if which == "fil":
        return {"ls": "windows/file_event", "TargetFilename": pick(["C:\\t\\x.exe", "C:\\t\\X.Exe", "C:\\t\\x.exe.txt"])}
    if which in ("net", "far"):
        made = {"ls": "windows/network_connection", "Initiated": "true", "SourcePort": pick(NUMBERS)}
        values = {"DestinationIp": pick(["10.0.0.1", "10.0.0.2", "11.0.0.1", "fe80::1"]), "DestinationPort": pick(NUMBERS),
                  "DestinationHostname": pick(["x.far", "X.far", "y.near", "1:x", "ü", ""])}
        return made | {name: value for name, value in values.items() if rng.random() < 0.85}
    lines = ['say "it\'s" 50%\\', '"IT\'S" 50%\\ !', "A*b c", "axbxxC", "a\\bc", "xAbx", "xaBx", None]
    wanted = {"quo": lines[:2], "lik": lines[2:5], "cas": lines[5:7], "nul": [None]}.get(which, lines)
    made = {"ls": "windows/process_creation", "CommandLine": pick(wanted if rng.random() < 0.7 else lines)}
    images = ["C:\\certutil.exe", "C:\\CERTUTIL.EXE", "C:\\a.exe", "C:\\b.exe", None]
    made["Image"] = pick(images[:2] if which == "prc" and rng.random() < 0.7 else images)
    made["ParentImage"] = made["Image"] if which == "ref" and rng.random() < 0.5 else pick(images)
    # A field that is missing, or there and null.
    return {name: value for name, value in made.items() if value is not None or rng.random() < 0.5}


class Operator:
    """A rule in Weave with one operator."""

    suffix = "weave"
    accept = '["W0606"]'
    # How many streams have no simultaneous events, and how many of the events are the rule's.
    apart, own = 0.4, 0.8

    def __init__(self, rng, name):
        self.name, self.keys, self.fields = name, ["host"], ["Computer"]
        self.seconds = rng.choice([60, 300])
        self.spans, self.skew, self.lines = [self.seconds], 0, []
        self.used = rng.sample(ANY if rng.random() < 0.4 else PLAIN, 4)
        condition = self.condition(rng)
        self.used = [one for one in self.used if one in re.findall(r"\w+", condition)]
        self.text = self.before() + self.rule(name, self.used, condition)

    def before(self):
        return ""

    def sources(self, used):
        return [f"    {one} = windows/{EVENTS[one][0]} where {EVENTS[one][1]}" for one in used]

    def rule(self, name, used, condition):
        lines = [f"rule {name} {{", "  meta:", f"    accept = {self.accept}", "  events:", *self.sources(used), "  match:"]
        lines += self.lines or ["    host = Computer"] * bool(self.keys)
        lines += [f"    over {self.seconds}s"] + [f"    skew {self.skew}s"] * bool(self.skew)
        lines += ["  condition:", f"    {condition}", "}", ""]
        return "\n".join(lines)

    def span(self, rng, longest=2):
        """The length of a span; steps of an order are no further apart than the window."""
        self.spans.append(rng.choice([5, 20, self.seconds, longest * self.seconds]))
        return f"{self.spans[-1]}s"

    def moments(self):
        spans = [0, *self.spans, *([self.skew] if self.skew else [])]
        moments = {one + sign * other for one in spans for other in spans for sign in (1, -1)}
        return sorted(1000 + moment for moment in moments)

    def hosts(self, rng):
        return ["h1", "h1", "h1", "h2"] + (["H1", "", None, "missing"] if rng.random() < 0.3 else [])

    def count(self, rng):
        return rng.randint(3, 11)

    def events(self, rng):
        moments, hosts = self.moments(), self.hosts(rng)
        # Few times and programs meet each other more often.
        moments = rng.sample(moments, min(len(moments), rng.choice([1, 2, 3, 9])))
        programs = ["C:\\a.exe", "C:\\b.exe"][: rng.choice([1, 1, 2])]
        apart = rng.random() < self.apart
        events = []
        for _ in range(self.count(rng)):
            moment = rng.choice(moments) + rng.choice([0, 0, 0, 0.001, -0.001])
            one = {"t": round(moment, 3), "Computer": rng.choice(hosts), "Image": rng.choice(programs)}
            if one["Computer"] == "missing":
                del one["Computer"]
            if apart and any(one["t"] == known["t"] for known in events):
                continue
            events.append(one | self.event(rng))
        return sorted(events, key=lambda one: one["t"]) if rng.random() < 0.7 else events

    def event(self, rng):
        return event(rng, rng.choice(self.used if rng.random() < self.own else ANY))


COMPARISONS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<", "eq": "==", "neq": "!="}


class Sigma(Operator):
    """A correlation in Sigma."""

    suffix = "yml"
    kind = "temporal"
    most = 3
    keys_of = [["Computer"], ["Computer"], ["Computer", "Image"], []]
    of = None

    def __init__(self, rng, name):
        self.name = name
        self.seconds = rng.choice([60, 300])
        self.spans, self.skew = [self.seconds], 0
        pool = self.of or (ANY if rng.random() < 0.4 else PLAIN)
        self.used = rng.sample(pool, min(len(pool), rng.randint(*self.numbers())))
        self.keys = self.fields = rng.choice(self.keys_of)
        lines = ["title: Correlated", f"name: {name}", "status: test", "accept: [W0606]", "correlation:", f"    type: {self.kind}"]
        lines += ["    rules:"] + [f"        - {name}_{one}" for one in self.used]
        lines += self.grouped(rng) + [f"    timespan: {self.seconds}s"] + self.condition(rng)
        self.text = "---\n".join([self.base(one) for one in self.used] + ["\n".join(lines) + "\n"])

    def numbers(self):
        return 2, self.most

    def grouped(self, rng):
        return ["    group-by:"] + [f"        - {key}" for key in self.keys] if self.keys else []

    def base(self, one):
        category, _, detection, condition = EVENTS[one]
        lines = [f"title: {one}", f"name: {self.name}_{one}", "status: test", "logsource:", "    product: windows"]
        lines += [f"    category: {category}", "detection:", *(f"    {line}" for line in detection), f"    condition: {condition}"]
        return "\n".join(lines) + "\n"

    def condition(self, rng):
        return []

    def count(self, rng):
        return rng.randint(4, 10)


def event_count(comparison, low, high):
    class EventCount(Sigma):
        kind = "event_count"

        def numbers(self):
            return 1, 2

        def condition(self, rng):
            limit = rng.randint(low, high)
            limits = [f"        gte: {limit}", f"        lte: {limit + rng.randint(0, 1)}"]
            limits = limits if comparison == "range" else [f"        {comparison}: {limit}"]
            return ["    condition:", *limits]

        def count(self, rng):
            return rng.randint(1, 4) if few else rng.randint(4, 10)

    few = comparison in ("lt", "lte", "neq")
    if few:
        # What holds of the first event already.
        EventCount.own, EventCount.apart = 0.4, 0.2
    return EventCount


def value(kind, limits, fields, percentile=None, comparisons=tuple(COMPARISONS)):
    class Value(Sigma):
        of = ["net", "far"]
        keys_of = [["Computer"], ["Computer"], ["Computer", "Image"], []]

        def numbers(self):
            return 1, 2

        def condition(self, rng):
            field = rng.choice(fields)
            lines = ["    condition:", f"        {rng.choice(comparisons)}: {rng.choice(limits)}"]
            lines += [f"        percentile: {rng.choice(percentile)}"] if percentile else []
            names = field if isinstance(field, list) else [field]
            return lines + (["        field:"] + [f"            - {name}" for name in names] if len(names) > 1 else [f"        field: {names[0]}"])

        def count(self, rng):
            return rng.randint(3, 8)

    Value.kind = kind
    return Value


class Temporal(Sigma):
    pass


class Ordered(Sigma):
    kind = "temporal_ordered"

    def count(self, rng):
        return rng.randint(5, 16)


class Extended(Sigma):
    """A condition with `and`, `or`, `not`."""

    def condition(self, rng):
        a, b, *c = [f"{self.name}_{one}" for one in self.used]
        shapes = [f"{a} and not {b}", f"{a} or {b}", f"not {a} and {b}"]
        if c:
            shapes += [f"{a} and ({b} or {c[0]})", f"({a} or {b}) and not {c[0]}", f"{a} and not ({b} and {c[0]})", f"2 of {self.name}_*",
                       f"not ({a} or not {b}) and {c[0]}"]
        shapes = [shape for shape in shapes if " of " not in shape]
        return [f"    condition: {rng.choice(shapes)}"]


class Aliases(Sigma):
    """Another field per event, beside one that is the same."""

    keys_of = [["program"], ["program", "Computer"]]
    FIELDS = {"reg": "Image", "regx": "Image", "fil": "TargetFilename", "img": "ImageLoaded"}

    def __init__(self, rng, name):
        self.kind = rng.choice(["temporal", "temporal_ordered"])
        self.other, self.ending = rng.choice([("fil", "exe"), ("img", "dll")])
        self.of = ["reg", "regx", self.other]
        super().__init__(rng, name)
        program = {f"windows/{EVENTS[one][0]}": field for one, field in self.FIELDS.items()}
        self.fields = [program if key == "program" else key for key in self.keys]

    def grouped(self, rng):
        lines = ["    aliases:", "        program:"] + [f"            {self.name}_{one}: {self.FIELDS[one]}" for one in self.used]
        return lines + super().grouped(rng)

    def event(self, rng):
        which = rng.choice(self.used)
        texts = [f"C:\\t\\x.{self.ending}"] * 3 + [f"C:\\T\\x.{self.ending}", f"C:\\t\\y.{self.ending}"]
        empty = [""] if self.FIELDS[which] == "Image" else []
        return event(rng, which) | {self.FIELDS[which]: rng.choice(texts + empty)}

    def count(self, rng):
        return rng.randint(5, 12)


class Within(Operator):
    def condition(self, rng):
        a, b, c, _ = self.used
        inside = lambda: f"within {self.span(rng, 1)}"  # noqa: E731
        return rng.choice([f"{a} then {b} {inside()}", f"{a} then {b} {inside()} then {c}", f"{a} then {b} then {c} {inside()}",
                           f"({a} then {b} {inside()}) and {c}", f"{a} then {a} {inside()}"])

    def count(self, rng):
        return rng.randint(5, 16)


class NotBetween(Operator):
    own = 0.95

    def count(self, rng):
        return rng.randint(5, 14)

    def condition(self, rng):
        a, b, x, c = self.used
        return rng.choice([f"{a} then not {x} then {b}", f"{a} then not {x} then {b}", f"{a} then not {x} then {b} then {c}",
                           f"{a} then not {b} then {b}", f"{a} then not {a} then {b}", f"{a} then not {x} then {b} within {self.span(rng, 1)}",
                           f"({a} then not {x} then {b}) and {c}"])


def absent(anchor, beside):
    class Absent(Operator):
        def condition(self, rng):
            a, b, x, c = self.used
            what = lambda of="": f"not {x} within {self.span(rng)} {anchor} {of}".strip()  # noqa: E731
            if beside:
                return rng.choice([f"{a} and {b} and {what(a)}", f"{a} and {what(a)}", f"{a} and ({b} or {what(a)})",
                                   f"({a} or {b}) and {what(b)} and {c}"])
            return rng.choice([f"{a} and {what()}", f"{a} and {what()}", f"({a} or {b}) and {what()}", f"{a} and {b} and {what()}",
                               f"{a} then {b} and {what()}", f"{a} and {x} and not ({what()})", f"count({a}) >= 2 and {what()}"])

    return Absent


class Without(Operator):
    """`not` of an event in the window."""

    def condition(self, rng):
        a, b, x, c = self.used
        return rng.choice([f"{a} and not {x}", f"{a} and {b} and not {x}", f"({a} or {b}) and not {x} and not {c}", f"{a} then {b} and not {x}",
                           f"count({a}) >= 2 and not {x}", f"{a} and not ({b} and {x})", f"{a} and not ({b} then {x})"])


class NOf(Operator):
    def condition(self, rng):
        a, b, c, d = self.used
        return rng.choice([f"2 of ({a}, {b}, {c})", f"3 of ({a}, {b}, {c}, {d})", f"all of ({a}, {b})", f"any of ({a}, {b}) and not {c}",
                           f"2 of ({a}, ({b} then {c}), not {d}) and {a}", f"2 of ({a}, count({b}) >= 2, {c})"])


class Score(Operator):
    def condition(self, rng):
        a, b, c, d = self.used
        return rng.choice([f"score({a}: 40, {b}: 30, {c}: 20) >= {rng.choice([50, 60, 70])}", f"score({a}: 40 | {b}: 30, {c}: 20) >= {rng.choice([50, 60])}",
                           f"score({a}: 0.1, {b}: 0.2) >= 0.3", f"score({a}: 40 | {b}: 30, {c}: 20 | {d}: 25) >= 55",
                           f"{a} and score({b}: 1, {c}: 2, {d}: 3) >= 3", f"score({a}: 5, {b}: 2, {c}: 3) >= 8"])

    def count(self, rng):
        return rng.randint(3, 12)


class Skew(Operator):
    def condition(self, rng):
        a, b, c, x = self.used
        self.skew = rng.choice([1, 5, self.seconds])
        return rng.choice([f"{a} then {b}", f"{a} then {b}", f"{a} then {b} within {self.span(rng, 1)}", f"({a} then {b}) and {c}", f"{a} and {b}", f"{a} then {a}",
                           f"{c} and not ({a} then {b})", f"({a} then {b}) or ({b} then {c})"])


class Counts(Operator):
    def condition(self, rng):
        a, b, c, _ = self.used
        comparison = rng.choice(list(COMPARISONS.values()))
        n = rng.randint(1, 3)
        return rng.choice([f"count({a}) {comparison} {n}", f"count({a}, {b}) {comparison} {n + 1}", f"count({a}) >= {n} and {b}", f"{b} and not count({a}) >= {n}",
                           f"count({a}) >= {n} and count({b}, {c}) < 3", f"count({a}) >= 2 or {b} and {c}", f"2 of (count({a}) >= 2, {b}, {c})"])


class Chain(Operator):
    """Firings of another rule as events."""

    own = 0.95

    def count(self, rng):
        return rng.randint(7, 18)

    def event(self, rng):
        return event(rng, rng.choice([*self.mine, *self.mine, *self.outer]))

    def condition(self, rng):
        a, b, c, d = self.used
        self.inner = rng.choice([f"count({b}) >= 2", f"{b} then {d}", f"{b} and {d}", f"{b} and not {d}"])
        self.inner_seconds = rng.choice([5, 60])
        self.spans.append(self.inner_seconds)
        self.mine = [one for one in (b, d) if one in re.findall(r"\w+", self.inner)]
        self.inner_name = f"{self.name}_inner"
        shape = rng.choice([f"chained and {a}", f"chained then {a}", f"{a} then chained", f"chained and not {a}", "count(chained) >= 2",
                            f"chained then not {c} then {a}", f"chained and {a} and {c}"])
        self.outer = [one for one in (a, c) if one in shape.split()]
        self.shape = shape
        return " ".join([shape, "#", *self.mine])

    def before(self):
        seconds, self.seconds = self.seconds, self.inner_seconds
        text = self.rule(self.inner_name, self.mine, self.inner)
        self.seconds = seconds
        return text

    def rule(self, name, used, condition):
        if name == self.inner_name:
            return super().rule(name, used, condition)
        fields = ", ".join(["chained: host"] + [f"{one}: Computer" for one in self.outer])
        self.lines = [f"    host = {{ {fields} }}"]
        return super().rule(name, ["chained", *self.outer], self.shape)

    def sources(self, used):
        mine = [f'    chained = weave "{self.inner_name}"'] if "chained" in used else []
        return mine + super().sources([one for one in used if one != "chained"])


class Transforms(Operator):
    """Keys that are computed."""

    VALUES = {
        "lower": ["CORP\\Ann", "corp\\ann", "CORP\\ANN", "corp\\bob", "\u00c4RZTE\\x", "\u00e4rzte\\x", ""],
        "basename": ["C:\\a\\Tool.exe", "D:\\Tool.exe", "Tool.exe", "C:/a/Tool.exe", "C:\\a/b\\Tool.exe", "C:\\a\\", "\\", "tool.exe", ""],
        "dirname": ["C:\\a\\x.exe", "C:\\a\\y.exe", "C:/a/x.exe", "x.exe", "C:\\a", "\\x", "C:\\a\\", ""],
        "hostname": ["H1.corp.local", "h1", "H1", "h1.", ".h1", "h2.corp", ""],
        "unquote": ['"C:\\a b\\t.exe" -x', "C:\\t.exe -x", '  "C:\\a b\\t.exe"', '"C:\\a b\\t.exe', "C:\\t.exe", '""', '" "', "\tC:\\t.exe", "", 'C:\\t.exe"x" y'],
        "hex40": [HEX, "x" + HEX, HEX.upper() + "g", "0" + HEX, HEX[1:], f"a {HEX} {HEX[::-1]}", f"{HEX}0 {HEX.lower()}", f"{HEX[1:]}-{HEX}", ""],
    }
    FIELDS = {"lower": ("User", ["reg", "fil", "prc"]), "basename": ("Image", ["reg", "fil", "img", "prc"]), "dirname": ("Image", ["reg", "fil", "img", "prc"]),
              "hostname": ("Computer", ["reg", "fil", "img", "prc"]), "unquote": ("CommandLine", ["prc", "prn"]), "hex40": ("CommandLine", ["prc", "prn"])}

    def condition(self, rng):
        self.transform = rng.choice(list(self.FIELDS))
        self.field, pool = self.FIELDS[self.transform]
        self.keys = self.fields = ["made"]
        self.lines = [f"    made = {self.transform}({self.field})"]
        self.used = rng.sample(pool, 2)
        a, b = self.used
        return rng.choice([f"{a} and {b}", f"{a} then {b}", f"count({a}, {b}) >= 2"])

    def event(self, rng):
        made = event(rng, rng.choice(self.used))
        values = self.VALUES[self.transform]
        value = rng.choice(values if rng.random() < 0.5 else values[:3])
        if self.transform in ("basename", "dirname") and made["ls"] == "windows/process_creation":
            # What makes the event one of the rule's is in the same field.
            value = made.get("Image", "")
        return made | {self.field: value}


class Keys(Operator):
    """Two or three parts of a key, some with another field per event."""

    def condition(self, rng):
        self.used = rng.sample(PLAIN, 3)
        a, b, c = self.used
        self.keys, self.fields = ["host", "program"], ["Computer", "Image"]
        self.lines = ["    host = Computer", "    program = Image"]
        return rng.choice([f"{a} and {b}", f"{a} then {b}", f"count({a}, {b}) >= 2", f"{a} and not {b}", f"2 of ({a}, {b}, {c})"])

    def event(self, rng):
        made = event(rng, rng.choice(self.used))
        if made["ls"] == "windows/process_creation":
            return made
        return made | {"Image": rng.choice(["C:\\certutil.exe", "C:\\certutil.exe", "C:\\CERTUTIL.EXE", "", None])}

    def count(self, rng):
        return rng.randint(5, 14)


class Aggregate(Operator):
    """`min`, `max` and aggregates of several events."""

    def condition(self, rng):
        self.used = ["net", "far", "prc"]
        function = rng.choice(["min", "max", "sum", "avg", "median", "distinct", "distinct"])
        comparison = rng.choice(list(COMPARISONS.values()))
        of = rng.choice(["net.DestinationPort", "net.DestinationPort, far.SourcePort", "net.SourcePort", "far.DestinationPort"])
        if function == "distinct":
            of = rng.choice(["net.DestinationIp", "net.DestinationHostname", "net.DestinationIp, net.DestinationPort", "net.DestinationHostname, prc.CommandLine"])
            one = f"distinct({of}) {comparison} {rng.randint(1, 3)}"
        else:
            one = f"{function}({of}) {comparison} {rng.choice(NUMBERS)}"
        return rng.choice([one, one, f"{one} and prc", f"far and not {one}", f"{one} and not prc", f"{one} or prc"])

    def event(self, rng):
        return event(rng, rng.choice(["net", "net", "far", "prc"]))


class BoundAggregate(Aggregate):
    """Aggregates where some of the events share a value."""

    def condition(self, rng):
        one, other = rng.choice([("net", "prc"), ("prc", "fil"), ("net", "fil")])
        self.lines = ["    host = Computer", f"    {one}.Image == {other}.Image"]
        # One event may be `net` and `far`, and would carry a value as the one only.
        condition = super().condition(rng).replace(", far.SourcePort", "").replace("far", "net")
        self.used = ["net", "prc", "fil"]
        return rng.choice([f"({condition}) and {one} and {other}", f"({condition}) and {one} or fil and {other}",
                           f"({one} and ({condition})) or ({other} and count({one}) >= 2)"])

    def event(self, rng):
        made = event(rng, rng.choice(["net", "net", "prc", "fil"]))
        return made | {"Image": rng.choice(["C:\\certutil.exe", "C:\\certutil.exe", "C:\\b.exe", ""])}

    def count(self, rng):
        return rng.randint(4, 11)


class Lists(Operator):
    """Several values in one field: tests of them, keys and different ones."""

    TESTS = ["answers == 'a.x'", "answers contains '.x'", "not answers endswith '.x'", "answers contains all ('a', 'b')", "answers is null",
             "answers startswith any ('a', 'c')", "not answers == 'b'", "answers in ('c', 'B')"]

    def condition(self, rng):
        self.tests = rng.sample(self.TESTS, 2)
        self.used = ["one", "two"]
        self.keys = ["client"]
        self.lines = ["    client = id.orig_h"]
        self.fields = ["id.orig_h"]
        if rng.random() < 0.25:
            self.keys, self.fields, self.lines = ["answer"], ["answers"], ["    answer = answers"]
        return rng.choice(["one", "count(one) >= 2", "one and two", "one then two", "one and not two", "distinct(one.answers) >= 3",
                           "distinct(one.answers, one.query) >= 2", "distinct(one.answers, two.query) < 3"])

    def sources(self, used):
        return [f"    {one} = zeek/service:dns where {test}" for one, test in zip(("one", "two"), self.tests) if one in used]

    def event(self, rng):
        answers = rng.choice([["a.x", "b"], ["A.X"], ["c"], ["b", "B", "b"], [], None, ["c", "a.xb"], ["a", "b", "c"]])
        return {"ls": "zeek/service:dns", "id.orig_h": rng.choice(["10.0.0.1", "10.0.0.1", "10.0.0.2"]), "query": rng.choice(["q", "Q", None]), "answers": answers}

    def count(self, rng):
        return rng.randint(1, 5)


class Nested(Operator):
    """Several operators in one condition."""

    def part(self, rng, depth):
        a, b, x, c = rng.sample(self.used, 4)
        if depth and rng.random() < 0.6:
            parts = [self.part(rng, depth - 1) for _ in range(2)]
            return rng.choice([f"({parts[0]} and {parts[1]})", f"({parts[0]} or {parts[1]})", f"({parts[0]} and not {parts[1]})", f"2 of ({parts[0]}, {parts[1]}, {a})"])
        return rng.choice([a, a, f"({a} then {b})", f"({a} then not {x} then {b})", f"count({a}) {rng.choice(['>=', '<', '==', '!='])} {rng.randint(1, 2)}",
                           f"({a} then {b} within 20s)", f"score({a}: 1 | {b}: 2, {c}: 3) >= 4"] + ([] if self.skew else [f"(not {x} within {self.span(rng)} before)"]))

    def condition(self, rng):
        self.spans.append(20)
        return f"{self.part(rng, 2)} and {rng.choice(self.used)}"


NETWORK = ["DestinationPort", "SourcePort"]
KINDS = {
    "event_count_gte": event_count("gte", 2, 3),
    "event_count_gt": event_count("gt", 1, 3),
    "event_count_lte": event_count("lte", 1, 2),
    "event_count_lt": event_count("lt", 2, 3),
    "event_count_eq": event_count("eq", 1, 3),
    "event_count_neq": event_count("neq", 1, 2),
    "event_count_range": event_count("range", 2, 3),
    "value_count": value("value_count", [1, 2, 3], ["DestinationIp", "DestinationHostname", "DestinationPort", ["DestinationIp", "DestinationPort"]]),
    "value_sum": value("value_sum", [1, 80, 83, 446, 1000], NETWORK),
    "value_avg": value("value_avg", [1, 40.5, 80, 261.5, 5000], NETWORK),
    "value_percentile": value("value_percentile", [1, 3, 80, 443], NETWORK, [0, 1, 25, 33.3, 50, 66.6, 75, 90, 95, 99, 100]),
    "value_median": value("value_median", [1, 3, 10, 80, 443], NETWORK),
    "aggregate": Aggregate,
    "temporal": Temporal,
    "ordered": Ordered,
    "extended": Extended,
    "aliases": Aliases,
    "keys": Keys,
    "transforms": Transforms,
    "within": Within,
    "not_between": NotBetween,
    "without": Without,
    "absent_before": absent("before", False),
    "absent_after": absent("after", False),
    "absent_around": absent("around", False),
    "absent_before_an_event": absent("before", True),
    "absent_after_an_event": absent("after", True),
    "absent_around_an_event": absent("around", True),
    "n_of": NOf,
    "score": Score,
    "counts": Counts,
    "skew": Skew,
    "chain": Chain,
    "lists": Lists,
    "bound_aggregate": BoundAggregate,
    "nested": Nested,
}
