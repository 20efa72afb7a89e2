"""Times ensemble-boxes on the boxes of fusion.bench.ts (same numbers): python compare_fusion.py

Needs numpy and ensemble-boxes. Prints milliseconds for 20 images, after one call to compile what numba compiles.
"""

import time
import warnings

import numpy as np
from ensemble_boxes import non_maximum_weighted, soft_nms, weighted_boxes_fusion

warnings.filterwarnings("ignore")


def stream(seed):
    state = seed
    while True:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        yield state / 2**32


def models(count, classes, seed):
    numbers = stream(seed)
    draw = lambda: next(numbers)
    objects = []
    for _ in range(100):
        x = draw() * 0.8
        y = draw() * 0.8
        label = int(draw() * classes)
        objects.append((label, [x, y, x + 0.02 + draw() * 0.15, y + 0.02 + draw() * 0.15]))
    boxes, scores, labels = [], [], []
    for _ in range(count):
        own = [], [], []
        for label, sides in objects:
            own[0].append([side + (draw() - 0.5) * 0.01 for side in sides])
            own[1].append(draw())
            own[2].append(label)
        boxes.append(own[0])
        scores.append(own[1])
        labels.append(own[2])
    return boxes, scores, labels


for count, classes in ((10, 80), (5, 300), (10, 1)):
    images = [models(count, classes, image + 1) for image in range(20)]
    print(f"20 images of {count} models x 100 boxes in {classes} classes")
    for name, run in (
        ("WBF", lambda b, s, k: weighted_boxes_fusion(b, s, k, iou_thr=0.55)),
        ("NMW", lambda b, s, k: non_maximum_weighted(b, s, k, iou_thr=0.55)),
        ("soft-NMS", lambda b, s, k: soft_nms([np.array(x) for x in b], [np.array(x) for x in s],
                                              [np.array(x) for x in k], method=2)),
    ):
        fused = run(*images[0])
        start = time.perf_counter()
        for image in images:
            run(*image)
        print(f"  {name}: {(time.perf_counter() - start) * 1000:.1f} ms, first image: {len(fused[1])} boxes")
