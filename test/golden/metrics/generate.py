"""What lvis, tidecv, stardist and faster-coco-eval make of the data sets in ../coco-eval and of random label pictures.

    python -m venv venv && venv/bin/pip install numpy pycocotools lvis tidecv stardist faster-coco-eval && venv/bin/python generate.py

Written with Python 3.11, numpy 2.4.6, pycocotools 2.0.11, lvis 0.5.3 (with np.float put back), tidecv 1.0.1,
stardist 0.9.2, faster-coco-eval 1.8.0 (OpenCV), 2026-11-20. Writes one .json.gz for each program.
"""

import contextlib
import gzip
import io
import json
import logging
import pathlib

import numpy as np
from pycocotools import mask as mask_api

np.float = float
from lvis import LVIS, LVISEval, LVISResults  # noqa: E402
from stardist.matching import label_overlap, intersection_over_union, matching  # noqa: E402
from tidecv import TIDE, Data  # noqa: E402

HERE = pathlib.Path(__file__).parent
logging.disable(logging.CRITICAL)


def read(name):
    return json.loads(gzip.decompress((HERE.parent / "coco-eval" / name).read_bytes()))


def write(name, value):
    text = json.dumps(value, separators=(",", ":"))
    (HERE / name).write_bytes(gzip.compress(text.encode(), 9, mtime=0))


def rle(entry):
    return mask_api.frPyObjects({"size": [96, 128], "counts": entry["counts"]}, 96, 128)


def lvis_case(name, seed, max_dets):
    data = read(name)
    random = np.random.default_rng(seed)
    some = lambda: [c for c in data["categories"] if random.random() < 0.3]
    images = [
        {**image, "neg_category_ids": some(), "not_exhaustive_category_ids": some()} for image in data["images"]
    ]
    frequency = [["r", "c", "f"][c % 3] for c in data["categories"]]
    truth = LVIS.__new__(LVIS)
    truth.logger = logging.getLogger("lvis")
    truth.dataset = {
        "images": images,
        "categories": [{"id": c, "name": str(c), "frequency": f} for c, f in zip(data["categories"], frequency)],
        "annotations": [
            {**{k: v for k, v in a.items() if k != "counts"}, "segmentation": rle(a)} for a in data["annotations"]
        ],
    }
    truth._create_index()
    out = {"data": name, "maxDetections": max_dets, "frequency": frequency,
           "absent": [i["neg_category_ids"] for i in images],
           "incomplete": [i["not_exhaustive_category_ids"] for i in images]}
    for kind in ("bbox", "segm"):
        results = []
        for entry in data["results"]:
            result = {k: entry[k] for k in ("image_id", "category_id", "score", "bbox")}
            results.append({**result, "segmentation": rle(entry)})
        evaluation = LVISEval(truth, LVISResults(truth, results, max_dets=max_dets), kind)
        evaluation.params.max_dets = max_dets
        evaluation.run()
        out[kind] = {
            "results": [float(v) for v in evaluation.get_results().values()],
            "precisionSum": float(evaluation.eval["precision"].sum()),
        }
    return out


write("lvis.json.gz", [
    lvis_case("plain.json.gz", 1, 300),
    lvis_case("ties-and-crowds.json.gz", 2, 300),
    lvis_case("id-zero-and-ignore.json.gz", 3, 5),
    lvis_case("more-than-a-hundred.json.gz", 4, 40),
])


def tide_case(name, max_dets):
    data = read(name)
    out = {"data": name, "maxDetections": max_dets}
    for kind, mode in (("bbox", TIDE.BOX), ("segm", TIDE.MASK)):
        truth, found = Data("truth", max_dets), Data("found", max_dets)
        for image in data["images"]:
            truth._make_default_image(image["id"])
        for a in data["annotations"]:
            add = truth.add_ignore_region if a["iscrowd"] else truth.add_ground_truth
            add(a["image_id"], a["category_id"], a["bbox"], rle(a))
        # Scores are made distinct: tidecv orders equal ones by error kind.
        for n, r in enumerate(data["results"]):
            found.add_detection(r["image_id"], r["category_id"], r["score"] + n * 1e-9, r["bbox"], rle(r))
        tide = TIDE(mode=mode)
        run = tide.evaluate(truth, found, mode=mode)
        main = {k.short_name: float(v) for k, v in run.fix_main_errors().items()}
        special = {k.short_name: float(v) for k, v in run.fix_special_errors().items()}
        counts = {k.short_name: v for k, v in run.count_errors().items()}
        out[kind] = {"ap": float(run.ap), "main": main, "special": special, "counts": counts}
    return out


with contextlib.redirect_stdout(io.StringIO()):
    write("tide.json.gz", [
        tide_case("plain.json.gz", 100),
        tide_case("ties-and-crowds.json.gz", 100),
        tide_case("box-areas.json.gz", 6),
        tide_case("more-than-a-hundred.json.gz", 100),
    ])


def stardist_case(seed, truths, found, size):
    random = np.random.default_rng(seed)
    def picture(count):
        labels = np.zeros((size, size), np.int32)
        for label in range(1, count + 1):
            y, x = random.integers(0, size - 4, 2)
            h, w = random.integers(4, 14, 2)
            labels[y:y + h, x:x + w] = label
        return labels
    a = picture(truths)
    b = np.where(random.random((size, size)) < 0.9, np.roll(a, random.integers(-2, 3), 1), 0)
    b = np.where(picture(found) > 0, picture(found) + truths, b)
    kept = [label for label in np.unique(b) if label > 0]
    _, b = np.unique(b, return_inverse=True)
    _, a = np.unique(a, return_inverse=True)
    a, b = a.reshape(size, size), b.reshape(size, size)
    overlap = label_overlap(a, b)[1:, 1:].astype(float)
    union = np.bincount(a.ravel())[1:, None] + np.bincount(b.ravel())[None, 1:] - overlap
    case = {"truths": int(a.max()), "found": int(b.max()), "ious": (overlap / union).ravel().tolist(), "results": []}
    for threshold in (0.1, 0.3, 0.5, 0.7):
        m = matching(a, b, thresh=threshold)
        case["results"].append({
            "threshold": threshold, "matched": int(m.tp), "precision": float(m.precision), "recall": float(m.recall),
            "f1": float(m.f1), "accuracy": float(m.accuracy), "meanMatchedIou": float(m.mean_matched_score),
            "meanTruthIou": float(m.mean_true_score), "panopticQuality": float(m.panoptic_quality),
        })
    return case


write("stardist.json.gz", [stardist_case(1, 12, 6, 48), stardist_case(2, 25, 12, 64), stardist_case(3, 6, 20, 40)])


def boundary_case(name):
    """faster-coco-eval's boundary evaluation, and the boundary pixels of every annotation by its OpenCV path."""
    from faster_coco_eval import COCO, COCOeval_faster
    from faster_coco_eval.core.mask import rleToBoundaryCV

    data = read(name)
    truth = COCO({
        "images": data["images"],
        "categories": [{"id": c, "name": str(c)} for c in data["categories"]],
        "annotations": [
            {**{k: v for k, v in a.items() if k != "counts"}, "segmentation": rle(a)} for a in data["annotations"]
        ],
    })
    results = [
        {**{k: r[k] for k in ("image_id", "category_id", "score")}, "segmentation": rle(r)} for r in data["results"]
    ]
    evaluation = COCOeval_faster(truth, truth.loadRes(results), "boundary")
    evaluation.run()
    return {
        "data": name,
        "stats": [float(v) for v in evaluation.stats[:12]],
        "areas": [int(mask_api.area(rleToBoundaryCV(rle(a)))) for a in data["annotations"]],
    }


with contextlib.redirect_stdout(io.StringIO()):
    write("boundary.json.gz", [boundary_case("plain.json.gz"), boundary_case("ties-and-crowds.json.gz")])
