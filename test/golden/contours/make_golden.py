"""Golden vectors of contours: OpenCV's borders and approximations, its convex fill, scikit-image's outlines.

Run: python make_golden.py > golden.json
Needs numpy, opencv-python-headless (TC89_L1 changed in 4.10: use 4.9 or older), scikit-image, pycocotools.
"""
import datetime
import json
import sys

import cv2
import numpy as np
import pycocotools.mask as coco
import skimage
from skimage import measure


def masks(rng):
    for n in range(64):
        h, w = [int(v) for v in rng.integers(1, 34, 2)]
        if n % 4 == 0:
            mask = rng.random((h, w)) < rng.random()
        elif n % 4 == 1:
            mask = cv2.GaussianBlur(rng.random((h, w)), (0, 0), 2) > 0.5
        elif n % 4 == 2:
            mask = np.zeros((h, w), np.uint8)
            cv2.fillPoly(mask, [rng.integers(-3, 36, (7, 2)).astype(np.int32)], 1)
        else:
            mask = cv2.GaussianBlur(rng.random((h, w)), (0, 0), 1) > 0.45
        yield np.asfortranarray(mask.astype(np.uint8))


def contours(mask, mode, method):
    found, _ = cv2.findContours(mask.copy(), mode, method)
    return sorted(c[:, 0].ravel().tolist() for c in found)


def convex(mask):
    union = np.zeros_like(mask)
    for contour in cv2.findContours(mask.copy(), cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE)[0]:
        one = np.zeros(mask.shape, np.uint8)
        cv2.fillConvexPoly(one, contour, 1)
        union |= one
    return union


def simplified(outline, tolerance, rng):
    """None where points are equally far: rounding decides there."""
    result = measure.approximate_polygon(outline, tolerance)
    for _ in range(4):
        moved = outline + rng.normal(0, 1e-9, outline.shape)
        moved[-1] = moved[0]
        if len(measure.approximate_polygon(moved, tolerance)) != len(result):
            return None
        if np.abs(measure.approximate_polygon(moved, tolerance) - result).max() > 1e-6:
            return None
    return result[:, ::-1].ravel().tolist()


def main():
    rng = np.random.default_rng(5)
    cases = []
    for mask in masks(rng):
        outlines = [c - 1 for c in measure.find_contours(np.pad(mask, 1).astype(float), 0.5)]
        fringes = [c - 1 for c in measure.find_contours(np.pad(mask, 1).astype(float) * 255, 0.5)]
        cases.append({
            'sizeHw': mask.shape,
            'counts': coco.encode(mask)['counts'].decode(),
            'none': contours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_NONE) if mask.size < 300 else None,
            'simple': contours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_SIMPLE),
            'tc89': contours(mask, cv2.RETR_TREE, cv2.CHAIN_APPROX_TC89_L1),
            'external': contours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_TC89_L1),
            'convex': coco.encode(np.asfortranarray(convex(mask)))['counts'].decode(),
            'outlines': [c[:, ::-1].ravel().tolist() for c in outlines],
            'fringe_sum': float(sum(np.abs(c).sum() for c in fringes)),
            'tolerance_1': [simplified(c, 1, rng) for c in outlines],
            'tolerance_2': [simplified(c, 2, rng) for c in outlines],
        })
    made_with = {
        'date': datetime.date.today().isoformat(), 'opencv': cv2.__version__, 'scikit-image': skimage.__version__,
        'numpy': np.__version__, 'python': sys.version.split()[0],
    }
    json.dump({'made_with': made_with, 'cases': cases}, sys.stdout, separators=(',', ':'))


main()
