"""Times COCO evaluation beside pycocotools on the data set of detection-set.ts (same numbers): python compare_metrics.py

Needs numpy and pycocotools. Prints AP and seconds of evaluate + accumulate, without building the data set or the index,
and the ratio ours / theirs. Theirs is processor time of one run, ours the best of three by the clock.
"""

import contextlib
import io
import math
import time

from pycocotools import mask as mask_api
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ours import best_runs

STATE = 1
HEIGHT, WIDTH = 480, 640


def draw():
    global STATE
    STATE = (STATE * 1664525 + 1013904223) & 0xFFFFFFFF
    return STATE / 2**32


def whole(below):
    return int(draw() * below)


def images(count, classes=80):
    for image_id in range(1, count + 1):
        truth, found = [], []
        for _ in range(whole(15)):
            w = 8 + whole(200)
            h = 8 + whole(200)
            x = whole(WIDTH - w)
            y = whole(HEIGHT - h)
            truth.append((whole(classes), 1, (x, y, x + w, y + h), int(draw() < 0.01)))
        for label, _, box, _ in truth:
            if draw() > 0.8:
                continue
            x1, y1, x2, y2 = (side + whole(9) - 4 for side in box)
            clip = lambda value, limit: min(max(value, 0), limit)
            label = label if draw() < 0.9 else whole(classes)
            score = draw()
            found.append((label, score, (clip(x1, 639), clip(y1, 479), clip(max(x2, x1 + 1), 640),
                                         clip(max(y2, y1 + 1), 480)), 0))
        for _ in range(whole(4)):
            x = whole(500)
            y = whole(400)
            label = whole(classes)
            found.append((label, draw() * 0.6, (x, y, x + 20, y + 30), 0))
        yield image_id, truth, found


def ellipse(box):
    x1, y1, x2, y2 = box
    counts, end = [0], 0
    for x in range(x1, x2):
        across = (2 * (x + 0.5) - x1 - x2) / (x2 - x1)
        half = math.sqrt(max(0, 1 - across * across)) * (y2 - y1) / 2
        top = math.ceil((y1 + y2) / 2 - half - 0.5)
        bottom = math.ceil((y1 + y2) / 2 + half - 0.5)
        if bottom <= top:
            continue
        start = x * HEIGHT + top
        if len(counts) > 1 and start == end:
            counts[-1] += bottom - top
        else:
            if len(counts) == 1:
                counts[0] = start
            else:
                counts.append(start - end)
            counts.append(bottom - top)
        end = x * HEIGHT + bottom
    rest = HEIGHT * WIDTH - end
    counts = [rest] if len(counts) == 1 else counts + [rest]
    return mask_api.frPyObjects({"size": [HEIGHT, WIDTH], "counts": counts}, HEIGHT, WIDTH)


def entry(image_id, label, box, **more):
    x1, y1, x2, y2 = box
    return {"image_id": image_id, "category_id": label + 1, "bbox": [x1, y1, x2 - x1, y2 - y1],
            "segmentation": ellipse(box), **more}


def main():
    count = 5000
    ours = best_runs("metrics.bench.ts")
    annotations, results, ids = [], [], []
    for image_id, truth, found in images(count):
        ids.append({"id": image_id, "height": HEIGHT, "width": WIDTH})
        for label, _, box, crowd in truth:
            x1, y1, x2, y2 = box
            annotations.append(entry(image_id, label, box, id=len(annotations) + 1, iscrowd=crowd,
                                     area=(x2 - x1) * (y2 - y1)))
        results += [entry(image_id, label, box, score=score) for label, score, box, _ in found]
    print(f"{count} images, {len(annotations)} ground truths, {len(results)} detections")
    with contextlib.redirect_stdout(io.StringIO()):
        ground = COCO()
        ground.dataset = {"info": {}, "images": ids, "annotations": annotations,
                          "categories": [{"id": c + 1, "name": str(c)} for c in range(80)]}
        ground.createIndex()
        loaded = ground.loadRes(results)
    for kind in ("bbox", "segm"):
        with contextlib.redirect_stdout(io.StringIO()):
            evaluation = COCOeval(ground, loaded, kind)
            start = time.process_time()
            evaluation.evaluate()
            evaluation.accumulate()
            seconds = time.process_time() - start
            evaluation.summarize()
        mine = next(ms for (_, name), ms in ours.items() if name == kind) / 1000
        print(f"{kind}: AP {evaluation.stats[0]:.15f}, theirs {seconds:.2f} s, ours {mine:.3f} s, ratio {mine / seconds:.4f}")


main()
