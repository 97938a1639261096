"""What `sigweave convert --format json` or `pivot` prints → one {"name", "platform", "query"} a line.

    sigweave convert . -t kql --format json | python queries.py FOLDER
"""

import json
import sys

for line in sys.stdin:
    rule = json.loads(line)
    if "hunts" in rule:
        for hunt in rule["hunts"]:
            for place in hunt["queries"]:
                for query in place["queries"]:
                    name = f"{sys.argv[1]}: {hunt['title']}"
                    print(json.dumps({"name": name, "platform": place["platform"], "query": query}))
        continue
    for number, query in enumerate(rule["queries"]):
        name = f"{sys.argv[1]}{rule['file']}: {rule['rule']}"
        name += f" ({number + 1})" if len(rule["queries"]) > 1 else ""
        print(json.dumps({"name": name, "platform": rule["platform"], "query": query}))
