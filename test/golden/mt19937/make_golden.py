"""Draws of numpy's legacy generator.

Run: python make_golden.py    (numpy; version and date go into golden.json)
"""
import datetime
import json

import numpy as np

cases = []
for seed in (0, 1, 21, 100, 102, 115, 2**31, 2**32 - 1):
    case = {"seed": seed}
    np.random.seed(seed)
    case["words"] = np.random.randint(0, 2**32, 8, dtype=np.uint64).tolist()
    np.random.seed(seed)
    case["shares"] = np.random.random_sample(5).tolist()
    np.random.seed(seed)
    names = [f"n{i}" for i in range(23)]
    np.random.shuffle(names)
    case["shuffledList"] = names
    array = np.arange(1000)
    np.random.shuffle(array)  # goes on from the list: the stream is compared, not only the first draw
    case["shuffledArray"] = array.tolist()[:40]
    case["permutation"] = np.random.permutation(700).tolist()[:40]
    case["randint"] = [int(np.random.randint(3, 3 + span)) for span in (1, 2, 3, 64, 65, 1000, 2**20)]
    case["without"] = [np.random.choice(500, size, replace=False).tolist() for size in (0, 1, 17)]
    case["with"] = np.random.choice(500, 17).tolist()
    case["afterwards"] = float(np.random.random_sample())
    cases.append(case)

with open("golden.json", "w") as file:
    made = {"numpy": np.__version__, "date": datetime.date.today().isoformat()}
    json.dump({"made": made, "cases": cases}, file)
