"""The chain from leaf and parent CSVs to a joined submission the way the programs of competitions do it: pandas for the
tables, pycocotools for the masks, dense masks and their overlaps in numpy. In memory from end to end.

python chain.py FOLDER OUT.csv     (numpy, pandas, pycocotools)
"""
import base64
import glob
import json
import os
import re
import sys
import time
import zlib

import numpy as np
import pandas as pd
from pycocotools import mask as coco

folder, target = sys.argv[1:]


def shard(path):
    return int(re.search(r"_(\d+)of", os.path.basename(path)).group(1))


def read(kind):
    files = sorted(glob.glob(os.path.join(folder, kind, "*.csv")), key=shard)
    return pd.concat([pd.read_csv(file) for file in files], ignore_index=True)


def ancestors_of(node, above, found):
    for child in node.get("Subcategory", []):
        found[child["LabelName"]] = above
        ancestors_of(child, above + [child["LabelName"]], found)
    return found


def triples(text):
    words = text.split(" ")
    return [(words[i], float(words[i + 1]), words[i + 2]) for i in range(0, len(words), 3)]


def dense(text, height, width):
    counts = zlib.decompress(base64.b64decode(text))
    return coco.decode({"size": [height, width], "counts": counts}).astype(bool)


def overlap(a, b):
    both = np.logical_and(a, b).sum()
    return 0.0 if both == 0 else both / np.logical_or(a, b).sum()


def suppress(records, height, width):
    """records: label, score, text. Equal scores never suppress each other."""
    gone = [False] * len(records)
    by_label = {}
    for i, (label, _, _) in enumerate(records):
        by_label.setdefault(label, []).append(i)
    for own in by_label.values():
        masks = {i: dense(records[i][2], height, width) for i in own}
        for i in own:
            if not masks[i].any():
                gone[i] = True
        for i in sorted(own, key=lambda i: -records[i][1]):
            if gone[i]:
                continue
            for j in own:
                if gone[j] or records[j][1] >= records[i][1]:
                    continue
                if overlap(masks[i], masks[j]) >= 0.5:
                    gone[j] = True
    return [record for record, out in zip(records, gone) if not out]


started = time.process_time()
with open(os.path.join(folder, "hierarchy.json")) as file:
    above = ancestors_of(json.load(file), [], {})
leaf = read("leaf")
parent = read("parent").set_index("ImageID")
rows = []
for row in leaf.itertuples(index=False):
    own = triples(row.PredictionString)
    lifted = [(label, score, text) for name, score, text in own for label in above[name]]
    others = triples(parent.at[row.ImageID, "PredictionString"])
    records = [record for record in lifted + others if record[1] > 0]
    kept = suppress(records, row.ImageHeight, row.ImageWidth)
    text = " ".join(f"{label} {score:.6f} {mask}" for label, score, mask in own + kept)
    rows.append((row.ImageID, row.ImageWidth, row.ImageHeight, text))
columns = ["ImageID", "ImageWidth", "ImageHeight", "PredictionString"]
pd.DataFrame(rows, columns=columns).to_csv(target, index=False)
print(json.dumps({"cpu": time.process_time() - started}))
