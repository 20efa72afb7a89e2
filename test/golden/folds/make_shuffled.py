"""Folds as scikit-learn assigns them with shuffle=True, and GroupKFold without for groups of equal size.

Run: python make_shuffled.py > shuffled.json    (numpy, scikit-learn; versions and date go into the file)
"""
import datetime
import json
import sys

import numpy as np
import sklearn
from sklearn.model_selection import GroupKFold, KFold, StratifiedGroupKFold, StratifiedKFold

rng = np.random.default_rng(8)


def held_out(splitter, count, labels=None, groups=None):
    folds = np.full(count, -1)
    for fold, (_, valid) in enumerate(splitter.split(np.zeros(count), labels, groups)):
        folds[valid] = fold
    return folds.tolist()


cases = []
for number in range(30):
    # The first is that of Open Cities.
    folds, seed = (7, 777) if number == 0 else (int(rng.integers(2, 7)), int(rng.integers(0, 2**32)))
    groups = np.concatenate([np.arange(folds + 3), rng.integers(0, folds + 3, int(rng.integers(5, 60)))])
    groups = rng.permutation(groups)
    count = len(groups)
    classes = int(rng.integers(1, 4))
    labels = rng.permutation(np.concatenate([np.repeat(np.arange(classes), folds), rng.integers(0, classes, count)])[:count])
    # SGKF and SKF warn where a class is rarer than the folds; such cases are left out.
    rare = min(np.bincount(labels)) < folds
    how = {"n_splits": folds, "shuffle": True, "random_state": seed}
    cases.append(
        {
            "folds": folds,
            "seed": seed,
            "labels": labels.tolist(),
            "groups": groups.tolist(),
            "plain": held_out(KFold(**how), count),
            "stratified": None if rare else held_out(StratifiedKFold(**how), count, labels),
            "grouped": held_out(GroupKFold(**how), count, None, groups),
            "stratifiedGrouped": None if rare else held_out(StratifiedGroupKFold(**how), count, labels, groups),
            "groupedUnshuffled": held_out(GroupKFold(folds), count, None, groups),
        }
    )

json.dump(
    {
        "date": datetime.date.today().isoformat(),
        "versions": {"numpy": np.__version__, "scikit-learn": sklearn.__version__},
        "cases": cases,
    },
    sys.stdout,
    separators=(",", ":"),
)
