"""Random detections of several models and what the published fusion programs make of them.

    python -m venv venv && venv/bin/pip install numpy ensemble-boxes sahi && venv/bin/python generate.py

Written with Python 3.11, numpy 2.4.6, ensemble-boxes 1.0.9, sahi 0.12.8, 2026-11-20. Writes boxes.json.gz (ensemble-boxes:
unit square, no two scores equal) and tiles.json.gz (sahi: integer pixels, equal scores on purpose).
"""

import gzip
import json
import pathlib
import warnings

import numpy as np
from ensemble_boxes import nms, non_maximum_weighted, soft_nms, weighted_boxes_fusion
from sahi.postprocess.combine import GreedyNMMPostprocess, NMMPostprocess
from sahi.prediction import ObjectPrediction

HERE = pathlib.Path(__file__).parent
warnings.filterwarnings("ignore")


def write(name, value):
    text = json.dumps(value, separators=(",", ":"))
    (HERE / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def models(random, count, objects, classes, spill):
    """`spill`: boxes may reach over the unit square, have swapped corners or no area."""
    seeds = random.uniform(0.05, 0.6, (objects, 2))
    seeds = np.concatenate([seeds, seeds + random.uniform(0.05, 0.4, (objects, 2))], 1)
    labels = random.integers(0, classes, objects)
    boxes, scores, kinds = [], [], []
    for _ in range(count):
        seen = np.flatnonzero(random.random(objects) < 0.8)
        seen = np.concatenate([seen, seen[random.random(len(seen)) < 0.3]])
        mine = seeds[seen] + random.normal(0, 0.02, (len(seen), 4))
        if spill and len(mine) > 3:
            mine[0] = mine[0][[2, 1, 0, 3]]
            mine[1, 2] = 1.2
            mine[2, 3] = mine[2, 1]
        elif not spill:
            mine = np.clip(mine, 0, 1)
        boxes.append(mine.round(6).tolist())
        scores.append(random.random(len(seen)).round(9).tolist())
        kinds.append(np.where(random.random(len(seen)) < 0.9, labels[seen], 0).tolist())
    return boxes, scores, kinds


def result(boxes, scores, labels):
    return {"boxes": np.asarray(boxes).tolist(), "scores": np.asarray(scores).tolist(), "labels": np.asarray(labels).tolist()}


random = np.random.default_rng(7)
cases = []
for count, objects, classes, spill, weights, iou, skip in [
    (2, 6, 2, False, [2, 1], 0.5, 0.0001),
    (3, 20, 3, True, None, 0.55, 0.0),
    (5, 30, 4, False, [0.5, 1, 2, 1.5, 3], 0.6, 0.2),
    (4, 12, 1, True, [1, 1, 1, 4], 0.4, 0.05),
    (1, 15, 2, False, None, 0.55, 0.0),
]:
    boxes, scores, labels = models(random, count, objects, classes, spill)
    case = {"boxes": boxes, "scores": scores, "labels": labels, "weights": weights, "iou": iou, "skip": skip, "wbf": {}}
    for confidence in ("avg", "max", "box_and_model_avg", "absent_model_aware_avg"):
        for overflow in (False, True):
            fused = weighted_boxes_fusion(boxes, scores, labels, weights, iou, skip, confidence, overflow)
            case["wbf"][f"{confidence}{'+overflow' if overflow else ''}"] = result(*fused)
    case["nmw"] = result(*non_maximum_weighted(boxes, scores, labels, weights, iou, skip))
    arrays = [np.array(b) for b in boxes], [np.array(s) for s in scores], [np.array(k) for k in labels]
    case["softLinear"] = result(*soft_nms(*arrays, method=1, iou_thr=iou, thresh=0.05))
    case["softGaussian"] = result(*soft_nms(*arrays, method=2, sigma=0.5, thresh=0.05))
    case["nms"] = result(*nms(*arrays, iou_thr=iou))
    cases.append(case)
write("boxes.json.gz", cases)


def predictions(boxes, scores, labels):
    return [
        ObjectPrediction(bbox=box, score=score, category_id=label, category_name=str(label), full_shape=[400, 400])
        for box, score, label in zip(boxes, scores, labels)
    ]


cases = []
for size, step in [(12, 4), (40, 16), (60, 8)]:
    corners = random.integers(0, 20, (size, 2)) * step
    boxes = np.concatenate([corners, corners + random.integers(2, 9, (size, 2)) * step], 1).tolist()
    # Multiples of 1/8 are exact in float32, so that sahi's ties are ties here too.
    scores = (random.integers(1, 8, size) / 8).tolist()
    labels = random.integers(0, 3, size).tolist()
    case = {"boxes": boxes, "scores": scores, "labels": labels, "merged": []}
    for name, post in (("greedy", GreedyNMMPostprocess), ("transitive", NMMPostprocess)):
        for metric in ("IOS", "IOU"):
            for agnostic in (True, False):
                for threshold in (0.5, 0.3):
                    merged = post(threshold, metric, agnostic)(predictions(boxes, scores, labels))
                    case["merged"].append({
                        "reach": name, "overlap": metric.lower(), "agnostic": agnostic, "threshold": threshold,
                        "boxes": [[float(v) for v in p.bbox.to_xyxy()] for p in merged],
                        "scores": [float(p.score.value) for p in merged],
                        "labels": [int(p.category.id) for p in merged],
                    })
    cases.append(case)
write("tiles.json.gz", cases)
