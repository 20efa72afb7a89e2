"""What our side of a benchmark takes: the best run of `vitest bench` in milliseconds, by group and name."""

import json
import os
import subprocess
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def best_runs(bench):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.json")
        command = ["npx", "vitest", "bench", "--run", f"test/bench/{bench}", "--outputJson", path]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        with open(path) as file:
            report = json.load(file)
    found = {}
    for group in report["files"][0]["groups"]:
        for result in group["benchmarks"]:
            found[group["fullName"].split(" > ", 1)[1], result["name"]] = result["min"]
    return found
