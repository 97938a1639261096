"""Writes tests/samples/<platform>.ndjson: events as each platform stores them, per log source.

Development only.

Shapes are those of the products' documentation (`shapes.py` of the differential harness and `stored.py`
beside this file), not of the project's mappings, so that a wrong mapping shows.

    python3 tests/tools/samples/generate.py
"""

import json
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests/tools/differential"))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

import shapes  # noqa: E402
import stored  # noqa: E402


def taxonomy():
    """Log sources with the types of their fields, from rules/taxonomy."""
    sources, groups = {}, {}
    for path in sorted((ROOT / "rules/taxonomy").glob("*.fields")):
        current = None
        for line in re.sub(r"\n  +", " ", path.read_text()).splitlines():
            head = re.match(r"([\[{])(.*?)[\]}]\s*(.*)", line)
            if head:
                kind, name, includes = head.groups()
                current = {}
                for include in includes.split():
                    current |= groups[path.name, include]
                (sources if kind == "[" else groups)[name if kind == "[" else (path.name, name)] = current
            elif ": " in line and not line.startswith("#"):
                ty, names = line.split(": ", 1)
                current |= {name.strip(): ty for name in names.split(",")}
    return sources


VALUES = {
    "integer": 42, "port": 443, "boolean": "true", "ip": "192.0.2.7", "path": "C:\\Windows\\System32\\a.exe",
    "guid": "{5770385f-c22a-43e0-bf4c-06f5698ffbd9}", "timestamp": "2026-03-01 12:00:00.000",
    "registry_path": "HKLM\\SYSTEM\\CurrentControlSet\\Services\\a\\Start", "sid": "S-1-5-18",
    "hash<md5>": "a" * 32, "hash<sha1>": "b" * 40, "hash<sha256>": "c" * 64, "hash<imphash>": "d" * 32,
    "hashes": f"SHA1={'b' * 40},MD5={'a' * 32},SHA256={'c' * 64},IMPHASH={'d' * 32}",
    "signature_state": "Valid", "duration": 1, "url": "https://example.org/a?b=c", "domain": "host.example.org",
}  # fmt: skip
NAMED = {
    "User": "CORP\\alice", "ParentUser": "CORP\\alice", "SourceUser": "CORP\\alice", "Details": "DWORD (0x0000002a)",
    "IntegrityLevel": "High", "Protocol": "tcp", "Initiated": "true", "EventType": "SetValue", "Signed": "true",
}  # fmt: skip
DATA_OF_LISTS = ("list<",)


def neutral(key, names, types):
    event = {"t": 0, "ls": key}
    for name in sorted(names):
        ty = types.get(name, "text")
        if ty.startswith(DATA_OF_LISTS):
            event[name] = ["a", "b"]
        else:
            event[name] = NAMED.get(name, VALUES.get(ty, "text"))
    return event


def main():
    types = taxonomy()
    for platform, shape in stored.SHAPES.items():
        lines = []
        for number, key in enumerate(sorted(types)):
            for table, row in shape(number, neutral(key, types[key], types[key])):
                row = shapes.without_nulls(row)
                line = {"$logsource": key} | ({"$table": table} if table else {}) | row
                lines.append(json.dumps(line, ensure_ascii=False))
        (ROOT / f"tests/samples/{platform}.ndjson").write_text("\n".join(lines) + "\n")
        print(platform, len(lines))


main()
