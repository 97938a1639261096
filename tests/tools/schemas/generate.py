"""Writes templates/schemas/{elastic-defend,elastic-winlogbeat,splunk-ta}.yml from facts of the vendors.

Development only: needs ../shared/facts. Run it where new versions of the facts arrive, and read the diff:

    python3 tests/tools/schemas/generate.py

What the facts do not say is kept from the file that is there: which fields may hold several values
(`[]`), names with `*`, and the tables listed in KEPT.
"""

import json
import pathlib
import textwrap

ROOT = pathlib.Path(__file__).resolve().parents[3]
FACTS = ROOT.parent.parent / "shared/facts"
SCHEMAS = ROOT / "templates/schemas"
TYPES = {
    "keyword": "text", "wildcard": "text", "constant_keyword": "text", "date": "time",
    "long": "integer", "integer": "integer", "short": "integer", "unsigned_long": "integer",
    "double": "real", "float": "real", "scaled_float": "real", "boolean": "boolean", "ip": "ip",
}  # fmt: skip
ORDER = [t + m for t in ("time", "text", "integer", "real", "boolean", "ip", "dynamic", "opaque") for m in ("", "[]")]


def read(path):
    """A schema file → its head, and per table: the comment before it, and columns with their types."""
    head, tables, comment, current, held = [], {}, [], None, None
    for line in path.read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            if tables or current:
                comment = comment + [line] if line.startswith("#") else []
            elif line.startswith("#"):
                head.append(line)
            continue
        if not line.startswith(" "):
            current = tables.setdefault(line[:-1], {"comment": comment, "columns": {}})
            comment = []
            continue
        if line.lstrip().startswith("#"):
            continue
        if not line.startswith("   ") and ": " in line:
            held, names = line.strip().split(": ", 1)
            held = held.strip('"')
        else:
            names = line
        for name in names.split():
            current["columns"][name.strip('"')] = held
    return head, tables


def write(path, head, tables):
    lines = list(head)
    for name, table in tables.items():
        lines += ["", *table["comment"], f"{name}:"]
        for held in ORDER:
            names = sorted((n for n, t in table["columns"].items() if t == held), key=str.lower)
            if not names:
                continue
            shown = f'"{held}"' if held.endswith("[]") else held
            names = [f'"{n}"' if n.startswith("*") else n for n in names]
            text = f"{shown}: " + " ".join(names)
            wrap = {"width": 100, "break_on_hyphens": False, "break_long_words": False}
            lines += textwrap.wrap(text, initial_indent="  ", subsequent_indent="    ", **wrap)
    path.write_text("\n".join(lines) + "\n")


def elastic(pack):
    facts = json.loads((FACTS / f"elastic/{pack}.json").read_text())
    columns = {name: TYPES.get(held, "opaque") for name, held in facts["fields"].items()}
    return {name: held for name, held in columns.items() if " " not in name and ":" not in name}


def keep_lists(columns, known):
    """Fields that may hold several values are known from the file only."""
    for name, held in known.items():
        if held.endswith("[]") or "*" in name:
            columns[name] = held
    return columns


def winlogbeat():
    path = SCHEMAS / "elastic-winlogbeat.yml"
    head, old = read(path)
    tables = {}
    for name in ("ecs", "winlogbeat", "zeek", "suricata", "packetbeat"):
        known = old.get(name, {"comment": [], "columns": {}})
        columns = keep_lists(elastic(name), known["columns"])
        tables[name] = {"comment": known["comment"], "columns": columns}
    # What agents of Linux hosts and of clouds add to ECS, as far as rules of Elastic's own use it.
    extra = {n: t for n, t in elastic("non_ecs").items() if n.split(".")[0] in ("auditd", "aws", "gcp", "kubernetes", "o365", "okta")}
    tables["modules"] = {"comment": [], "columns": extra}
    write(path, head, tables)


def defend():
    path = SCHEMAS / "elastic-defend.yml"
    head, old = read(path)
    lists = {n: t for table in old.values() for n, t in table["columns"].items() if t.endswith("[]")}
    events = {e: elastic(f"endpoint_{e}") for e in ("process", "file", "library", "network", "registry", "api", "device", "security")}
    names = set.intersection(*(set(columns) for columns in events.values()))
    common = {n: t for n, t in events["process"].items() if n in names}
    tables = {"common": common}
    tables |= {e: {n: t for n, t in columns.items() if n not in names} for e, columns in events.items()}
    for columns in tables.values():
        for name in columns.keys() & lists.keys():
            columns[name] = lists[name]
    write(path, head, {n: {"comment": [], "columns": c} for n, c in tables.items()})


# Per name of a table: the data sources that it unites.
SPLUNK = {
    "aws-cloudtrail": ["AWS CloudTrail"], "aws-cloudfront": ["AWS Cloudfront"],
    "aws-vpcflow": ["AWS CloudWatchLogs VPCflow"], "aws-securityhub": ["AWS Security Hub"],
    "azure-ad": ["Azure Active Directory"], "azure-audit": ["Azure Audit"],
    "crowdstrike": ["CrowdStrike"], "defender-alerts": ["Windows Defender Alerts"],
    "github": ["GitHub"], "google-drive": ["G Suite Drive"], "google-gmail": ["G Suite Gmail"],
    "google-workspace": ["Google Workspace"], "kubernetes-audit": ["Kubernetes Audit"],
    "kubernetes-falco": ["Kubernetes Falco"], "linux-auditd": ["Linux Auditd"],
    "linux-secure": ["Linux Secure"], "nginx": ["Nginx Access"], "o365": ["O365"], "osquery": ["osquery"],
    "paloalto-threat": ["Palo Alto Network Threat"], "paloalto-traffic": ["Palo Alto Network Traffic"],
    "stream-http": ["Splunk Stream HTTP"], "stream-ip": ["Splunk Stream IP"], "suricata": ["Suricata"],
    "admon": ["Windows Active Directory Admon"], "iis-configuration": ["Windows IIS 29"],
    "wineventlog/application": ["Windows Event Log Application"], "wineventlog/capi2": ["Windows Event Log CAPI2"],
    "wineventlog/certificates": ["Windows Event Log CertificateServicesClient"],
    "wineventlog/defender": ["Windows Event Log Defender"], "wineventlog/printservice": ["Windows Event Log Printservice"],
    "wineventlog/remoteconnection": ["Windows Event Log RemoteConnectionManager"],
    "wineventlog/security": ["Windows Event Log Security"], "wineventlog/system": ["Windows Event Log System"],
    "wineventlog/taskscheduler": ["Windows Event Log TaskScheduler"],
    "wineventlog/powershell": ["Powershell Script Block Logging 4104"],
}  # fmt: skip
SPLUNK_COMMENT = "# What the add-ons extract and add (CIM aliases included), per data source."


def splunk():
    path = SCHEMAS / "splunk-ta.yml"
    head, tables = read(path)
    for name in SPLUNK:
        tables.pop(name, None)
    sources = json.loads((FACTS / "splunk-data-sources.json").read_text())["data_sources"]
    comment = [SPLUNK_COMMENT]
    for name, begins in SPLUNK.items():
        fields = {f for key, source in sources.items() if key.startswith(tuple(begins)) for f in source["fields"]}
        assert fields, name
        columns = {f.strip(): "text[]" if f.endswith("{}") or "{}" in f else "text" for f in fields if " " not in f.strip()}
        columns["_time"] = "time"
        tables[name] = {"comment": comment, "columns": columns}
        comment = []
    write(path, head, tables)


winlogbeat()
defend()
splunk()
