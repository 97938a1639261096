"""Checks EQL with Elastic's own parser, bound to the fields of templates/schemas.

    … | python eql.py          one {"name", "platform", "query"} a line on standard input

Prints one line per mistake and `N passed, N failed`; exits 1 if a query fails or if there is none.
Before that, queries with known mistakes must be found out.
"""

import json
import pathlib
import sys

from schemas import columns

# This file must not be taken for the package of the same name.
sys.path = [folder for folder in sys.path if pathlib.Path(folder or ".") != pathlib.Path(__file__).parent]

import eql  # noqa: E402
from eql import parser  # noqa: E402
from eql.types import TypeHint  # noqa: E402

# Text, addresses and times are written as text; what EQL cannot compare is no field for it.
HINTS = {
    "text": TypeHint.String, "ip": TypeHint.String, "time": TypeHint.String,
    "integer": TypeHint.Numeric, "real": TypeHint.Numeric, "boolean": TypeHint.Boolean,
}
CANARIES = [
    ("a misspelt field", 'any where event.cdoe : "a"', False),
    ("text for a number", 'any where destination.port == "53"', False),
    ("a broken literal", 'any where winlog.event_data.Image : "*\\w"', False),
    ("an unclosed literal", 'any where winlog.event_data.Image : "a', False),
    ("nothing wrong", 'any where winlog.event_data.Image : "*\\\\w"', True),
    ("repetitions", 'sequence by host.id [any where true] with runs=3', True),
]


class Fields(eql.Schema):
    """The fields of every event category."""

    def __init__(self, known):
        self.known = known
        super().__init__({}, allow_any=True, allow_generic=False, allow_missing=False)

    def validate_event_type(self, event_type):
        return True

    def get_event_type_hint(self, event_type, path):
        name = ".".join(map(str, path))
        # `winlog.event_data.*` stands for every field below it.
        below = ".".join([*name.split(".")[:-1], "*"])
        return (self.known.get(name, self.known.get(below)), None)


def mistakes(query, known):
    features = parser.ParserConfig(allow_runs=True, allow_sample=True, allow_negation=True)
    try:
        with features, Fields(known), parser.elasticsearch_syntax, parser.ignore_missing_functions:
            eql.parse_query(query)
        return []
    except eql.EqlParseError as problem:
        return [f"{problem.line + 1}:{problem.column + 1}: {problem.error_msg}"]
    except Exception as problem:  # noqa: BLE001 - a crash of the parser is no approval
        return [f"the parser fails: {type(problem).__name__}: {problem}"]


def main():
    known = {}

    def of(platform):
        if platform not in known:
            known[platform] = {name: HINTS.get(kind) for name, kind in columns(platform).items()}
        return known[platform]

    for name, query, good in CANARIES:
        found = mistakes(query, of("elastic-winlogbeat"))
        if bool(found) == good:
            sys.exit(f"the check itself is broken: {name}: {found or 'not found out'}")
    passed = failed = 0
    for line in filter(str.strip, sys.stdin):
        one = json.loads(line)
        found = mistakes(one["query"], of(one["platform"]))
        for mistake in found:
            print(f"{one['name']}: {mistake}")
        failed += bool(found)
        passed += not found
    print(f"eql: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
