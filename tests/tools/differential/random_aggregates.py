"""Random aggregates over fields: the engine against what is emitted (see random_rules.py).

Values come and go at the borders of the window, are missing, equal, or differ in case only; one event may be two
of the rule's.
"""

EVENTS = {
    "net": ("windows/network_connection", ["DestinationIp", "DestinationHostname", "Image"], ["DestinationPort", "SourcePort"]),
    "far": ("windows/network_connection where DestinationHostname endswith '.far'", ["DestinationIp", "DestinationHostname", "Image"],
            ["DestinationPort", "SourcePort"]),
    "dns": ("windows/dns_query", ["QueryName", "Image"], []),
    "prc": ("windows/process_creation", ["CommandLine", "Image"], ["ProcessId"]),
}
NUMBERS = [0, 1, 2, 3, 10, 80, 443, 65535]
COMPARISONS = ["<", "<=", ">", ">=", "==", "!="]
TEXTS = ["x", "X", "y", "z", "1:x", "ü"]


class Aggregates:
    """A rule in Weave whose condition has one or two aggregates, alone and among events."""

    suffix = "weave"

    def __init__(self, rng, name):
        self.name = name
        self.rules = rng.sample(list(EVENTS), rng.randint(1, 3))
        self.keys = self.fields = rng.choice([["Computer"], ["Computer"], ["Computer", "Image"], []])
        self.seconds = rng.choice([60, 300])
        lines = [f"rule {name} {{", "  events:"]
        lines += [f"    {rule} = {EVENTS[rule][0]}" for rule in self.rules]
        lines += ["  match:"] + [f"    {key} = {key}" for key in self.keys]
        lines += [f"    over {self.seconds}s", "  condition:", f"    {self.condition(rng)}"]
        if rng.random() < 0.3:
            event = rng.choice(self.rules)
            lines.append(f"  show: {event}.{rng.choice(EVENTS[event][1])}")
        self.text = "\n".join(lines + ["}", ""])

    def aggregate(self, rng):
        numeric = [rule for rule in self.rules if EVENTS[rule][2]]
        function = rng.choice(["distinct", "distinct", "sum", "avg", "min", "max", "median", "percentile"])
        comparison = rng.choice(COMPARISONS)
        if function == "distinct" or not numeric:
            return f"distinct({self.values(rng)}) {comparison} {rng.randint(1, 3)}"
        of = rng.sample(numeric, rng.randint(1, min(2, len(numeric))))
        arguments = [f"{rule}.{rng.choice(EVENTS[rule][2])}" for rule in of]
        if function == "percentile":
            arguments.append(str(rng.choice([0, 5, 25, 33.3, 50, 66.6, 75, 90, 95, 99, 100])))
        scale = rng.choice([1, 2, 3]) if function == "sum" else 1
        limit = rng.choice(NUMBERS + [rng.randint(0, 500), 40.5]) * scale
        return f"{function}({', '.join(arguments)}) {comparison} {limit}"

    def values(self, rng):
        of = rng.sample(self.rules, rng.randint(1, len(self.rules)))
        if rng.random() < 0.3:
            return ", ".join(f"{rule}.{field}" for rule in of for field in rng.sample(EVENTS[rule][1] + EVENTS[rule][2], 2))
        return ", ".join(f"{rule}.{rng.choice(EVENTS[rule][1] + EVENTS[rule][2])}" for rule in of)

    def condition(self, rng):
        one, other = self.aggregate(rng), rng.choice(self.rules)
        shapes = [one, one, one, f"{one} and {other}", f"{one} and not {other}", f"not {one} and {other}", f"{one} or {other}",
                  f"{one} and {self.aggregate(rng)}", f"{one} or {self.aggregate(rng)}", f"{one} and count({other}) >= 2",
                  f"not ({one} and {self.aggregate(rng)}) and {other}",
                  f"{one} and not {other} within {rng.choice([5, 20, 60])}s {rng.choice(['before', 'after', 'around'])}"]
        return rng.choice(shapes)

    def events(self, rng):
        step, span = self.seconds / 3, self.seconds
        moments = [round(at * step + nudge, 3) for at in range(7) for nudge in (0, 0, 0.001, -0.001)]
        moments += [0, span, span, span + 0.001, 2 * span]
        hosts = ["h1", "h2", "H1"] if rng.random() < 0.5 else ["h1", "h1", "h2", None, ""]
        events = []
        for _ in range(rng.randint(4, 16)):
            event = {"t": max(0, rng.choice(moments)), "Computer": rng.choice(hosts)}
            event["Image"] = rng.choice(["C:\\a.exe", "C:\\A.exe", "C:\\b.exe"])
            which = rng.choice(self.rules + ["dns"])
            if which in ("net", "far"):
                event |= {"ls": "windows/network_connection", "Initiated": "true"}
                values = {"DestinationIp": rng.choice(["10.0.0.1", "10.0.0.2", "10.0.0.10"]), "SourcePort": rng.choice(NUMBERS),
                          "DestinationHostname": rng.choice(TEXTS) + rng.choice([".far", ".near"]), "DestinationPort": rng.choice(NUMBERS)}
            elif which == "prc":
                event |= {"ls": "windows/process_creation"}
                values = {"CommandLine": rng.choice(TEXTS), "ProcessId": rng.choice(NUMBERS)}
            else:
                event |= {"ls": "windows/dns_query"}
                values = {"QueryName": rng.choice(TEXTS)}
            events.append(event | {name: value for name, value in values.items() if rng.random() < 0.8})
        return sorted(events, key=lambda event: event["t"]) if rng.random() < 0.5 else events
