"""Random rules in Weave: absences before, after and around firings and events, orders with `skew`, bindings.

Times lie on the borders of the spans (exactly, and a millisecond beside), several events share a
millisecond, hosts may be missing.
"""

EVENTS = {
    "reg": ("windows/registry_set", "TargetObject endswith '\\Dll'"),
    "regx": ("windows/registry_set", "TargetObject contains '\\X\\'"),
    "img": ("windows/image_load", "ImageLoaded endswith '.dll'"),
    "prc": ("windows/process_creation", "Image endswith '\\certutil.exe'"),
    "fil": ("windows/file_event", "TargetFilename endswith '.exe'"),
}


class Timed:
    """A rule over two to four events of a host."""

    suffix = "weave"

    def __init__(self, rng, name):
        self.name, self.keys, self.fields = name, ["host"], ["Computer"]
        self.used = rng.sample(list(EVENTS), rng.randint(2, 4))
        self.seconds = rng.choice([60, 300])
        self.spans = [self.seconds]
        self.skew = rng.choice([0, 0, 5, self.seconds])
        condition = self.condition(rng)
        accept = ["  meta:", "    accept = [\"W0606\"]"] if rng.random() < 0.7 else []
        lines = [f"rule {name} {{", *accept, "  events:"]
        lines += [f"    {event} = {EVENTS[event][0]} where {EVENTS[event][1]}" for event in self.used]
        lines += ["  match:", "    host = Computer", f"    over {self.seconds}s"]
        lines += [f"    skew {self.skew}s"] if self.skew else []
        lines += self.bindings(rng)
        lines += ["  condition:", f"    {condition}"]
        lines += ["  show: " + ", ".join(f"{event}.Image" for event in self.used)] if rng.random() < 0.3 else []
        self.text = "\n".join(lines + ["}"]) + "\n"

    def bindings(self, rng):
        """None here."""
        return []

    def span(self, rng):
        span = rng.choice([5, 20, self.seconds, 2 * self.seconds])
        self.spans.append(span)
        return f"{span}s"

    def absence(self, rng, event, anchors=()):
        where = rng.choice(["before", "after", "after", "around"])
        anchor = rng.choice(["", *anchors, *anchors])
        return f"not {event} within {self.span(rng)} {where} {anchor}".strip()

    def order(self, rng, one, other):
        within = f" within {rng.choice([5, 20, self.seconds])}s" if rng.random() < 0.3 else ""
        return f"{one} then {other}{within}"

    def condition(self, rng):
        a, b, *more = self.used
        if len(self.used) == 2:
            return rng.choice([
                lambda: f"{a} and {self.absence(rng, b, [a])}",
                lambda: f"{a} and {self.absence(rng, b, [a])}",
                lambda: f"{a} and not (not {b} within {self.span(rng)} after) and {b}",
                lambda: self.order(rng, a, b),
                lambda: self.order(rng, a, a),
            ])()
        x = more[-1]
        shapes = [
            lambda: f"{a} and {b} and {self.absence(rng, x, [a, b])}",
            lambda: f"{a} and {b} and {self.absence(rng, x, [a, b])}",
            lambda: f"{a} and ({b} or {self.absence(rng, x, [a, b])})",
            lambda: f"{a} and {self.absence(rng, b, [a])} and {self.absence(rng, x, [a])}",
            lambda: f"2 of ({a}, {b}, ({self.absence(rng, x)}))",
            lambda: f"({self.order(rng, a, b)}) and {x}",
            lambda: f"({self.order(rng, a, b)}) or {x}",
            lambda: f"{x} and not ({self.order(rng, a, b)})",
        ]
        if not self.skew:
            shapes.append(lambda: f"({self.order(rng, a, b)}) and {self.absence(rng, x, [a, b])}")
        return rng.choice(shapes)()

    def events(self, rng):
        spans = [0, *self.spans, *([self.skew] if self.skew else [])]
        moments = [one + sign * other for one in spans for other in spans for sign in (1, -1)]
        # Half of the streams have no simultaneous events.
        apart = rng.random() < 0.5
        moments = [round(moment + nudge, 3) for moment in moments for nudge in (0, 0, 0.001, -0.001)]
        hosts = ["h1", "h1", "h2"] + ([None, "", "H1"] if rng.random() < 0.4 else [])
        events = []
        for _ in range(rng.randint(3, 12)):
            event = {"t": round(1000 + rng.choice(moments), 3), "Computer": rng.choice(hosts)}
            if apart and any(event["t"] == known["t"] for known in events):
                continue
            event["Image"] = rng.choice(["C:\\a.exe", "C:\\b.exe"])
            events.append(event | self.details(rng, rng.choice([*self.used, *self.used, "other"])))
        return sorted(events, key=lambda event: event["t"]) if rng.random() < 0.5 else events

    def details(self, rng, which):
        if which in ("reg", "regx"):
            target = rng.choice(["HKLM\\X\\Dll", "HKLM\\Y\\Dll", "HKLM\\X\\Name"])
            return {"ls": "windows/registry_set", "TargetObject": target, "Details": "d"}
        if which == "img":
            return {"ls": "windows/image_load", "ImageLoaded": "C:\\t\\x.dll"}
        if which == "fil":
            return {"ls": "windows/file_event", "TargetFilename": "C:\\t\\x.exe"}
        return {"ls": "windows/process_creation", "Image": rng.choice(["C:\\certutil.exe", "C:\\certutil.exe", "C:\\a.exe"])}


class Bound(Timed):
    """The same, where some of the events share their program."""

    def bindings(self, rng):
        # Events that one event may be carry the same bindings, or it is refused.
        bound = rng.sample(self.used, rng.randint(2, max(2, len(self.used) - 1)))
        lines = [f"    {one}.Image == {other}.Image" for one, other in zip(bound, bound[1:])]
        if rng.random() < 0.25 and len(self.used) > 2:
            one, other = rng.sample(self.used, 2)
            lines.append(f"    {one}.User == {other}.User")
        return lines

    def condition(self, rng):
        a, b, *more = self.used
        if not more or rng.random() < 0.5:
            return super().condition(rng)
        x = more[-1]
        return rng.choice([
            lambda: f"{a} and {b} and {x}",
            lambda: f"{a} and {b} and not {x}",
            lambda: f"{a} then {b} then {x}" if not self.skew else f"{a} then {b}",
            lambda: f"count({a}) >= 2 and {x}",
            lambda: f"{x} and not {a}",
        ])()

    def events(self, rng):
        events = super().events(rng)
        for event in events:
            if rng.random() < 0.2:
                event.pop("Image", None)
            if rng.random() < 0.7:
                event["User"] = rng.choice(["u1", "u2"])
            event["Computer"] = rng.choice(["h1", "h1", event["Computer"]])
        return events
