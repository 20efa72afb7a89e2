"""Folds as scikit-learn assigns them without shuffling.

Run: python make_golden.py    (numpy, scikit-learn; versions and date go into golden.json)
Group sizes are all different where GroupKFold is asked: it orders equal ones by an unstable sort.
"""
import datetime
import json

import numpy as np
import sklearn
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

rng = np.random.default_rng(5)


def held_out(splitter, count, labels=None, groups=None):
    folds = np.full(count, -1)
    for fold, (_, valid) in enumerate(splitter.split(np.zeros(count), labels, groups)):
        folds[valid] = fold
    return folds.tolist()


cases = []
for number in range(40):
    folds = int(rng.integers(2, 7))
    sizes = rng.permutation(np.arange(1, folds + int(rng.integers(1, 7))))
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    count = len(groups)
    classes = int(rng.integers(1, 5))
    # Every class often enough for StratifiedKFold; most items of a group are of one class in half of the cases.
    labels = rng.integers(0, classes, count)
    if number % 2:
        labels = np.where(rng.random(count) < 0.8, groups % classes, labels)
    labels = np.concatenate([np.repeat(np.arange(classes), folds), labels])
    groups = np.concatenate([rng.integers(0, len(sizes), classes * folds), groups])
    count = len(labels)
    case = {
        "folds": folds,
        "labels": labels.tolist(),
        "groups": groups.tolist(),
        "plain": held_out(KFold(folds), count),
        "stratified": held_out(StratifiedKFold(folds), count, labels),
        "stratifiedGrouped": held_out(StratifiedGroupKFold(folds), count, labels, groups),
    }
    if len(set(np.bincount(groups))) == len(sizes):
        case["grouped"] = held_out(GroupKFold(folds), count, groups=groups)
    cases.append(case)

for _ in range(10):
    folds = int(rng.integers(2, 6))
    sizes = rng.permutation(np.arange(1, folds + 5))
    groups = rng.permutation(np.repeat(np.arange(len(sizes)), sizes))
    cases.append({
        "folds": folds,
        "labels": np.zeros(len(groups), int).tolist(),
        "groups": groups.tolist(),
        "grouped": held_out(GroupKFold(folds), len(groups), groups=groups),
    })

made = {"numpy": np.__version__, "scikit-learn": sklearn.__version__, "date": datetime.date.today().isoformat()}
with open("golden.json", "w") as file:
    json.dump({"made": made, "cases": cases}, file, separators=(",", ":"))
    file.write("\n")
print(len(cases), sum("grouped" in case for case in cases))
