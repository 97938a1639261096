"""Checks ES|QL with Elastic's own parser, bound to the fields of templates/schemas.

    … | python esql.py          one {"name", "platform", "query"} a line on standard input

Each query is read as by the oldest version that the documentation promises and by the newest that
the parser knows. Prints one line per mistake and `N passed, N failed`; exits 1 if a query fails or if
there is none. Before that, queries with known mistakes must be found out. Needs Python >= 3.12.
"""

import json
import multiprocessing
import pathlib
import re
import sys

from schemas import columns

# This file must not be taken for a package.
sys.path = [folder for folder in sys.path if pathlib.Path(folder or ".") != pathlib.Path(__file__).parent]

import esql  # noqa: E402

TYPES = {
    "text": "keyword", "ip": "ip", "time": "date", "integer": "long", "real": "double",
    "boolean": "boolean",
}
OLDEST = {"min_stack_version": "9.1.0"}
CANARIES = [
    ("a misspelt field", 'FROM a | WHERE event.cdoe == "a"', False),
    ("text for a number", 'FROM a | WHERE destination.port == "x"', False),
    ("an unclosed literal", 'FROM a | WHERE event.code == "a', False),
    ("an unknown escape", 'FROM a | WHERE event.code == "\\w"', False),
    ("an unknown function", 'FROM a | WHERE LOWER(event.code) == "a"', False),
    ("a list of patterns that is no list", 'FROM a | WHERE event.code LIKE "a*", "b*"', False),
    ("nothing wrong", 'FROM a METADATA _id | WHERE TO_LOWER(event.code) LIKE """*\\\\w"""', True),
    ("windows", "FROM a | STATS n = COUNT(*) BY host.name, w = BUCKET(@timestamp, 5 minutes)", True),
]


def fields(platform, queries):
    """`winlog.event_data.*` stands for every field below it: those that the queries name."""
    known = {name: TYPES[kind] for name, kind in columns(platform).items() if kind in TYPES}
    found = {name: kind for name, kind in known.items() if not name.endswith("*")}
    for start in (name[:-1] for name in known if name.endswith(".*")):
        for name in re.findall(re.escape(start) + r"(?:`[^`]+`|\w+)", "\n".join(queries)):
            found[name.replace("`", "")] = "keyword"
    return found


def mistakes(query, known):
    said = []
    for version in (OLDEST, {}):
        try:
            with esql.ParserConfig(**version), esql.Schema(known):
                esql.parse_query(query)
        except esql.EsqlError as problem:
            said.append(f"{version.get('min_stack_version', 'newest')}: {str(problem).splitlines()}")
        except Exception as problem:  # noqa: BLE001 - a crash of the parser is no approval
            said.append(f"the parser fails: {type(problem).__name__}: {problem}")
    return said


def main():
    lines = [json.loads(line) for line in filter(str.strip, sys.stdin)]
    platforms = {line["platform"] for line in lines} | {"elastic-winlogbeat"}
    known = {
        platform: fields(platform, [line["query"] for line in lines if line["platform"] == platform])
        for platform in platforms
    }
    for name, query, good in CANARIES:
        found = mistakes(query, known["elastic-winlogbeat"])
        if bool(found) == good:
            sys.exit(f"the check itself is broken: {name}: {found or 'not found out'}")
    passed = failed = 0
    with multiprocessing.Pool() as pool:
        each = pool.starmap(mistakes, [(line["query"], known[line["platform"]]) for line in lines])
    for line, found in zip(lines, each):
        for mistake in found:
            print(f"{line['name']}: {mistake}")
        failed += bool(found)
        passed += not found
    print(f"esql: {passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


if __name__ == "__main__":
    main()
