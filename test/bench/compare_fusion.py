"""Times box fusion beside ensemble-boxes on the same boxes: python compare_fusion.py [rounds]

Needs numpy and ensemble-boxes. Prints milliseconds for 20 images and the ratio ours / theirs. Both sides report their
best round, after one call to compile what numba compiles. Theirs counts processor time, so that a busy machine does not
make them look slower than they are; ours counts the clock.
"""

import contextlib
import io
import sys
import time
import warnings

import numpy as np
from ensemble_boxes import non_maximum_weighted, soft_nms, weighted_boxes_fusion
from ours import best_runs

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


PROGRAMS = {
    "WBF": lambda b, s, k: weighted_boxes_fusion(b, s, k, iou_thr=0.55),
    "NMW": lambda b, s, k: non_maximum_weighted(b, s, k, iou_thr=0.55),
    "soft-NMS": lambda b, s, k: soft_nms(*([np.array(x) for x in part] for part in (b, s, k)), method=2),
}

rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
ours = best_runs("fusion.bench.ts")
print(f"{'20 images of':48} {'':9} {'theirs ms':>10} {'ours ms':>9} {'ratio':>7}")
for count, classes in ((10, 80), (5, 300), (10, 1)):
    images = [models(count, classes, image + 1) for image in range(20)]
    group = f"20 images of {count} models × 100 boxes in {classes} classes"
    for name, run in PROGRAMS.items():
        times = []
        # It prints a line for every box over the edge.
        with contextlib.redirect_stdout(io.StringIO()):
            run(*images[0])
            for _ in range(rounds):
                start = time.process_time()
                for image in images:
                    run(*image)
                times.append((time.process_time() - start) * 1000)
        theirs, mine = min(times), ours[group, name]
        print(f"{group[13:]:48} {name:9} {theirs:10.1f} {mine:9.2f} {mine / theirs:7.4f}", flush=True)
