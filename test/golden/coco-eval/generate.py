"""Random COCO data sets and what pycocotools makes of them.

    python -m venv venv && venv/bin/pip install numpy pycocotools && venv/bin/python generate.py

Written with Python 3.11, numpy 2.4.6, pycocotools 2.0.11, 2026-11-20. Writes <case>.json.gz next to itself: the
data set (boxes xywh, masks as uncompressed column-major counts), the twelve numbers, and the precision, recall and
score arrays as base64 of gzip-compressed little-endian float64.
"""

import base64
import contextlib
import gzip
import io
import json
import pathlib

import numpy as np
from pycocotools import mask as mask_api
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

HERE = pathlib.Path(__file__).parent


def packed(array):
    raw = np.ascontiguousarray(array, dtype="<f8").tobytes()
    return base64.b64encode(gzip.compress(raw, 9, mtime=0)).decode()


def counts_of(mask):
    """Uncompressed counts, column-major, starting with background."""
    flat = mask.ravel(order="F")
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flat, [0]])))
    counts = np.diff(np.concatenate([[0], edges, [len(flat)]])).tolist()
    return counts[:-1] if counts[-1] == 0 and len(counts) > 1 else counts


def blob(random, height, width):
    """An ellipse, sometimes with a bite, sometimes empty."""
    ys, xs = np.mgrid[0:height, 0:width]
    cy, cx = random.uniform(0, height), random.uniform(0, width)
    ry, rx = random.choice([3, 8, 20, 45, 70], 2) * random.uniform(0.6, 1.4, 2)
    mask = ((ys - cy) / ry) ** 2 + ((xs - cx) / rx) ** 2 <= 1
    if random.random() < 0.3:
        mask &= ~((ys > cy) & (xs > cx))
    return mask.astype(np.uint8)


def jitter(random, mask):
    shift = random.integers(-3, 4, 2)
    return np.roll(mask, tuple(shift), (0, 1))


def box_of(mask):
    return [float(v) for v in mask_api.toBbox(mask_api.encode(np.asfortranarray(mask)))]


def make_case(seed, images, categories, quantum, crowd_share, empty_share, strip_boxes=False, first_id=1,
              many=False, use_ignore=False):
    """quantum: scores are multiples of it (ties); first_id 0 makes the annotation that pycocotools cannot match."""
    random = np.random.default_rng(seed)
    height, width = 96, 128
    truth, found, sizes = [], [], []
    ids = random.permutation(np.arange(1, 10 * images))[:images]
    next_id = first_id
    for image_id in sorted(int(i) for i in ids):
        sizes.append({"id": image_id, "height": height, "width": width})
        if random.random() < empty_share:
            continue
        for _ in range(random.integers(0, 7)):
            mask = blob(random, height, width)
            category = int(random.integers(1, categories + 1))
            if category == categories:          # the last category never has ground truth
                category = 1
            crowd = int(random.random() < crowd_share)
            annotation = {
                "id": next_id, "image_id": image_id, "category_id": category, "iscrowd": crowd,
                "area": float(mask.sum()) if random.random() < 0.7 else float(random.choice([1024, 9216, 500, 1023.5])),
                "bbox": box_of(mask), "counts": counts_of(mask),
            }
            if use_ignore and random.random() < 0.3:
                annotation["ignore"] = 1
            truth.append(annotation)
            next_id += 1
            for _ in range(random.integers(0, 4)):
                moved = jitter(random, mask)
                label = category if random.random() < 0.85 else int(random.integers(1, categories + 1))
                found.append((image_id, label, moved))
            if random.random() < 0.15:          # an exact duplicate of the ground truth, twice
                found += [(image_id, category, mask)] * 2
        for _ in range(random.integers(0, 4)):
            found.append((image_id, int(random.integers(1, categories + 1)), blob(random, height, width)))
        if many and random.random() < 0.4:       # more than 100 detections of one class
            found += [(image_id, 1, blob(random, height, width)) for _ in range(110)]
    order = random.permutation(len(found))
    results = []
    for index in order:
        image_id, label, mask = found[index]
        score = float(round(random.random() / quantum) * quantum) if quantum else float(random.random())
        results.append({"image_id": image_id, "category_id": label, "score": score,
                        "bbox": box_of(mask), "counts": counts_of(mask)})
    return {
        "images": sizes,
        "categories": list(range(1, categories + 1)),
        "annotations": truth,
        "results": results,
        "resultsHaveBoxes": not strip_boxes,
    }


def evaluate(case, iou_type, use_cats=1):
    def segmentation(entry):
        return {"size": [96, 128], "counts": entry["counts"]}

    ground = COCO()
    ground.dataset = {
        "info": {}, "images": case["images"], "categories": [{"id": c, "name": str(c)} for c in case["categories"]],
        "annotations": [
            {**{k: a[k] for k in a if k != "counts"}, "segmentation": segmentation(a)} for a in case["annotations"]
        ],
    }
    ground.createIndex()
    results = []
    for entry in case["results"]:
        result = {k: entry[k] for k in ("image_id", "category_id", "score")}
        if iou_type == "bbox":
            result["bbox"] = entry["bbox"]
        else:
            rle = mask_api.frPyObjects(segmentation(entry), 96, 128)
            result["segmentation"] = rle
            if case["resultsHaveBoxes"]:
                result["bbox"] = entry["bbox"]
        results.append(result)
    evaluation = COCOeval(ground, ground.loadRes(results), iou_type)
    evaluation.params.useCats = use_cats
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return {
        "stats": evaluation.stats.tolist(),
        "precision": packed(evaluation.eval["precision"]),
        "recall": packed(evaluation.eval["recall"]),
        "scores": packed(evaluation.eval["scores"]),
    }


CASES = {
    "plain": dict(seed=1, images=12, categories=4, quantum=0, crowd_share=0, empty_share=0.1),
    "ties-and-crowds": dict(seed=2, images=14, categories=4, quantum=0.1, crowd_share=0.2, empty_share=0.3),
    "box-areas": dict(seed=3, images=10, categories=3, quantum=0.05, crowd_share=0.1, empty_share=0.2),
    "mask-areas": dict(seed=3, images=10, categories=3, quantum=0.05, crowd_share=0.1, empty_share=0.2,
                       strip_boxes=True),
    "id-zero-and-ignore": dict(seed=4, images=8, categories=2, quantum=0, crowd_share=0.1, empty_share=0, first_id=0,
                               use_ignore=True),
    "more-than-a-hundred": dict(seed=5, images=4, categories=2, quantum=0.01, crowd_share=0.1, empty_share=0, many=True),
}

for name, settings in CASES.items():
    case = make_case(**settings)
    with contextlib.redirect_stdout(io.StringIO()):
        case["bbox"] = evaluate(case, "bbox")
        case["segm"] = evaluate(case, "segm")
        case["pooled"] = evaluate(case, "bbox", use_cats=0)
    text = json.dumps(case, separators=(",", ":"))
    (HERE / f"{name}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
