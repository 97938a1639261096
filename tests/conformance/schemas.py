"""Reads the files of templates/schemas: the columns of a platform with their types.

`table:` / `  type: column column` / `    column`
"""

import pathlib
import re

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "templates/schemas"


def columns(platform):
    """All columns, `name` → type, whatever table they are of; `*` in a name stands for anything."""
    found, kind = {}, None
    for line in (SCHEMAS / f"{platform}.yml").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.lstrip().startswith("#") or not line.startswith(" "):
            continue
        heading = re.match(r'  "?(\w+)(?:\[\])?"?:(.*)', line)
        if heading:
            kind, line = heading.groups()
        found.update(dict.fromkeys(line.split(), kind))
    return found
