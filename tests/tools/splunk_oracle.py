#!/usr/bin/env python3
"""Runs the SPL back end against an independent interpreter of SPL. Developers only.

Needs `../shared/oracles/spl` beside the repository (or SPL_ORACLE=DIR); nothing in the project
depends on it. The unit test `backend::splunk::tests::oracle` writes random rules, events and what
they should find, computed by brute force; here every query is executed, strictly.

    tests/tools/splunk_oracle.py [--rounds 500] [--seed 1]
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
ORACLE = pathlib.Path(os.environ.get("SPL_ORACLE", ROOT.parent / "shared/oracles/spl"))


def cases(rounds, seed):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "cases.ndjson")
        settings = {"SIGWEAVE_SPL_CASES": path, "SIGWEAVE_SPL_ROUNDS": str(rounds),
                    "SIGWEAVE_SPL_SEED": str(seed)}
        command = ["cargo", "test", "--quiet", "--lib", "backend::splunk::tests::oracle"]
        subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, **settings},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with open(path, encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]


def found(case, rows):
    if case["kind"] == "filter":
        return sorted(int(row["id"]) for row in rows)
    result = []
    for row in rows:
        seen = row.get("seen", [])
        result.append({
            "key": row.get(case["key"], ""),
            "first": round(float(row["first_firing"]) * 1000),
            "last": round(float(row["last_firing"]) * 1000),
            "firings": int(row["firings"]),
            "seen": sorted(seen if isinstance(seen, list) else [seen]),
        })
    return sorted(result, key=lambda row: row["key"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=3, help="how many failures to print")
    options = parser.parse_args()
    sys.path.insert(0, str(ORACLE))
    sys.dont_write_bytecode = True
    import splexec

    count, hits, bad = {}, {}, 0
    for case in cases(options.rounds, options.seed):
        count[case["kind"]] = count.get(case["kind"], 0) + 1
        try:
            events = splexec.load_ndjson("\n".join(json.dumps(event) for event in case["events"]))
            rows, _ = splexec.run(case["query"], events, strict=True)
            result = found(case, rows)
        except Exception as error:  # the oracle's complaint is the finding
            result = f"{type(error).__name__}: {error}"
        hits[case["kind"]] = hits.get(case["kind"], 0) + bool(case["expected"])
        if result != case["expected"]:
            bad += 1
            if bad <= options.show:
                print("RULE    ", case["rule"], "\nQUERY   ", case["query"],
                      "\nEXPECTED", case["expected"], "\nFOUND   ", result)
                for event in case["events"]:
                    print("  ", json.dumps(event, ensure_ascii=False))
    print(f"cases {count}, with hits {hits}, {bad} differ")
    sys.exit(bad > 0)


main()
