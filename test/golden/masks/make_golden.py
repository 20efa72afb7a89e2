"""Golden vectors of masks by pycocotools: texts, areas, boxes, overlaps, unions, polygons.

Run: python make_golden.py > golden.json
Needs numpy, pycocotools. Versions in `made_with`.
"""
import datetime
import importlib.metadata
import json
import sys

import numpy as np
import pycocotools.mask as coco

from cases import mask, polygon


def main():
    rng = np.random.default_rng(11)
    frames = []
    sizes = [(1, 1), (1, 9), (9, 1), (2, 2), (3, 7), (13, 8), (31, 17), (40, 64), (97, 61), (5, 200)]
    for h, w in sizes:
        rles = [coco.encode(mask(rng, h, w)) for _ in range(8)]
        crowd = [int(v) for v in rng.integers(0, 2, 8)]
        frames.append({
            'sizeHw': [h, w],
            'counts': [r['counts'].decode() for r in rles],
            'areas': coco.area(rles).tolist(),
            'boxesXywh': coco.toBbox(rles).tolist(),
            'crowd': crowd,
            'iou': coco.iou(rles, rles, [0] * 8).tolist(),
            'iouCrowd': coco.iou(rles, rles, crowd).tolist(),
            'union': coco.merge(rles[:3])['counts'].decode(),
            'intersection': coco.merge(rles[3:5], intersect=True)['counts'].decode(),
        })
    polygons = []
    for n in range(400):
        h, w = [int(v) for v in rng.integers(1, 70, 2)]
        xy = polygon(rng, h, w).round(4).tolist()
        polygons.append({'sizeHw': [h, w], 'xy': xy, 'counts': coco.frPyObjects([xy], h, w)[0]['counts'].decode()})
    boxes = []
    for n in range(60):
        h, w = [int(v) for v in rng.integers(1, 40, 2)]
        box = [float(v) for v in (rng.uniform(-5, 40, 4)).round(2)]
        boxes.append({'sizeHw': [h, w], 'xywh': box, 'counts': coco.frPyObjects(np.array([box]), h, w)[0]['counts'].decode()})
    made_with = {
        'date': datetime.date.today().isoformat(), 'pycocotools': importlib.metadata.version('pycocotools'),
        'numpy': np.__version__, 'python': sys.version.split()[0],
    }
    json.dump({'made_with': made_with, 'frames': frames, 'polygons': polygons, 'boxes': boxes}, sys.stdout,
              separators=(',', ':'))


main()
