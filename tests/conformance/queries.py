"""What `sigweave convert --format json` prints → one {"name", "platform", "query"} a line.

    sigweave convert . -t kql --format json | python queries.py FOLDER
"""

import json
import sys

for line in sys.stdin:
    rule = json.loads(line)
    for number, query in enumerate(rule["queries"]):
        name = f"{sys.argv[1]}{rule['file']}: {rule['rule']}"
        name += f" ({number + 1})" if len(rule["queries"]) > 1 else ""
        print(json.dumps({"name": name, "platform": rule["platform"], "query": query}))
