"""Golden numbers for evaluate/coco, from pycocotools.

Truth: the demo's first 12 scenes, three instances made crowds, one stated area changed, no strawberry left.
Detections: every instance moved a little, some with a wrong class, some twice, scores with two decimals so that ties
occur. `strict` is pycocotools on results with boxes (size of a detection = its box), `fixed` the same without boxes for
masks (size = its mask).

python make.py   (made with Python 3.11, pycocotools 2.0.11, numpy 2.4.6 on 2026-11-20)
"""

import contextlib
import copy
import io
import json
import pathlib
import random

import numpy
from pycocotools import mask as rle
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

HERE = pathlib.Path(__file__).parent
NAMES = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]


def truth():
    full = json.loads((HERE / "../../../demo/annotations.json").read_text())
    images = full["images"][:12]
    kept = {image["id"] for image in images}
    strawberry = next(c["id"] for c in full["categories"] if c["name"] == "Strawberry")
    annotations = [
        a for a in full["annotations"] if a["image_id"] in kept and a["category_id"] != strawberry
    ]
    for index in (3, 20, 41):
        annotations[index]["iscrowd"] = 1
    annotations[10]["area"] = 10000
    return {"images": images, "categories": full["categories"], "annotations": annotations}


def detections(gt):
    draw = random.Random(7)
    results = []
    for a in gt["annotations"]:
        for _ in range(draw.choice([0, 1, 1, 1, 2])):
            dense = rle.decode(a["segmentation"])
            moved = numpy.roll(dense, (draw.randint(-3, 3), draw.randint(-3, 3)), (0, 1))
            code = rle.encode(numpy.asfortranarray(moved))
            box = [round(v + draw.choice([0, 0.25, -0.5]), 2) for v in rle.toBbox(code).tolist()]
            results.append({
                "image_id": a["image_id"],
                "category_id": a["category_id"] if draw.random() < 0.85 else draw.randint(1, 12),
                "bbox": [box[0], box[1], abs(box[2]), abs(box[3])],
                "score": round(draw.random(), 2),
                "segmentation": {"size": code["size"], "counts": code["counts"].decode()},
            })
    return results


def measure(gt, results, kind):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = copy.deepcopy(gt)
        coco.createIndex()
        run = COCOeval(coco, coco.loadRes(copy.deepcopy(results)), kind)
        run.evaluate()
        run.accumulate()
        run.summarize()
    by_class = []
    for k in range(len(gt["categories"])):
        p = run.eval["precision"][:, :, k, 0, 2]
        by_class.append(float(p[p > -1].mean()) if (p > -1).any() else -1)
    return {"stats": dict(zip(NAMES, map(float, run.stats))), "byClass": by_class}


def without_boxes(results):
    return [{k: v for k, v in r.items() if k != "bbox"} for r in results]


gt = truth()
dt = detections(gt)
expected = {
    "strict": {"box": measure(gt, dt, "bbox"), "mask": measure(gt, dt, "segm")},
    "fixed": {"box": measure(gt, dt, "bbox"), "mask": measure(gt, without_boxes(dt), "segm")},
}


def lines(items):
    return "[\n" + ",\n".join(json.dumps(item) for item in items) + "\n]"


(HERE / "truth.json").write_text(
    "{" + ",\n".join(f'"{name}": {lines(gt[name])}' for name in gt) + "}\n"
)
(HERE / "detections.json").write_text(lines(dt) + "\n")
(HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
