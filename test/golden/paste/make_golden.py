"""Golden vectors of the paste conventions: soft values and thresholded masks on random and edge-case boxes.

Run: python make_golden.py > golden.json
Needs torch, torchvision, opencv-python-headless, numpy, pycocotools. Written with the versions in `made_with`.
torchvision's own paster is called; the others are short restatements of the published functions around the same
library calls (grid_sample, interpolate, cv2.resize), since those packages cannot be installed alone.
"""
import datetime
import json
import sys

import cv2
import numpy as np
import pycocotools.mask as coco
import torch
import torch.nn.functional as F
import torchvision
from torchvision.models.detection.roi_heads import paste_masks_in_image

cv2.ipp.setUseIPP(False)  # OpenCV's own float code, not Intel's
cv2.setNumThreads(1)
torch.set_num_threads(1)
F32 = np.float32


def detectron2(mask, box, h, w):
    x0, y0, x1, y1 = [torch.tensor(float(v), dtype=torch.float32) for v in box]
    left, top = max(0, int(np.floor(x0)) - 1), max(0, int(np.floor(y0)) - 1)
    right, bottom = min(w, int(np.ceil(x1)) + 1), min(h, int(np.ceil(y1)) + 1)
    out = np.zeros((h, w), F32)
    if right <= left or bottom <= top:
        return out
    gx = ((torch.arange(left, right, dtype=torch.float32) + 0.5 - x0) / (x1 - x0)) * 2 - 1
    gy = ((torch.arange(top, bottom, dtype=torch.float32) + 0.5 - y0) / (y1 - y0)) * 2 - 1
    gx[torch.isinf(gx)] = 0
    gy[torch.isinf(gy)] = 0
    grid = torch.stack([gx[None].expand(len(gy), -1), gy[:, None].expand(-1, len(gx))], -1)[None]
    soft = F.grid_sample(torch.from_numpy(mask)[None, None], grid, align_corners=False)
    out[top:bottom, left:right] = soft[0, 0].numpy()
    return out


def torchvision_paste(mask, box, h, w):
    boxes = torch.tensor(np.array([box]), dtype=torch.float32)
    return paste_masks_in_image(torch.from_numpy(mask)[None, None], boxes, (h, w))[0, 0].numpy()


def copy_clipped(values, left, top, h, w):
    out = np.zeros((h, w), values.dtype)
    x0, y0 = max(left, 0), max(top, 0)
    x1, y1 = min(left + values.shape[1], w), min(top + values.shape[0], h)
    if x1 > x0 and y1 > y0:
        out[y0:y1, x0:x1] = values[y0 - top:y1 - top, x0 - left:x1 - left]
    return out


def mmdet1(mask, box, h, w):
    x1, y1, x2, y2 = np.array(box).astype(np.int32)
    bw, bh = int(max(x2 - x1 + 1, 1)), int(max(y2 - y1 + 1, 1))
    return copy_clipped(cv2.resize(mask, (bw, bh)), int(x1), int(y1), h, w)


def keras(mask, box, h, w):
    x1, y1, x2, y2 = np.array(box).astype(np.int32)
    if x2 <= x1 or y2 <= y1:
        return np.zeros((h, w), F32)
    return copy_clipped(cv2.resize(mask, (int(x2 - x1), int(y2 - y1))), int(x1), int(y1), h, w)


def letterbox(mask, box, h, w, square):
    if h > w:
        ch, cw = square, int(np.rint(w * square / h))
    else:
        ch, cw = int(np.rint(h * square / w)), square
    top, left = (square - ch) // 2, (square - cw) // 2
    x1, y1, x2, y2 = [int(np.rint(v)) for v in box]
    canvas = np.zeros((square, square), np.float64)
    canvas[:] = copy_clipped(cv2.resize(mask, (x2 - x1 + 1, y2 - y1 + 1)).astype(np.float64), x1, y1, square, square)
    return cv2.resize(canvas[top:top + ch, left:left + cw], (w, h))


def encode(binary):
    return coco.encode(np.asfortranarray(binary.astype(np.uint8)))['counts'].decode()


def main():
    rng = np.random.default_rng(7)
    square = 128
    cases = []
    for n in range(44):
        size = [28, 28, 14, 7, 2, 28][n % 6]
        h, w = [(61, 83), (96, 64), (50, 50)][n % 3]
        yy, xx = np.mgrid[:size, :size] / max(size - 1, 1) - 0.5
        if n % 4 == 0:
            levels = rng.integers(0, 256, (size, size))
        elif n % 4 == 1:
            levels = np.full((size, size), 255)
        else:
            radius = rng.uniform(0.2, 0.6)
            levels = np.rint(255 / (1 + np.exp((np.hypot(xx, yy) - radius) * rng.uniform(5, 40))))
        mask = (levels / 255).astype(F32)
        cx, cy = rng.uniform(3, w - 3), rng.uniform(3, h - 3)
        bw, bh = rng.choice([0.4, 2, 9, 30, 70]) * rng.uniform(0.5, 1.5, 2)
        box = [cx - bw / 2, cy - bh / 2, cx + bw / 2, cy + bh / 2]
        if n % 5 == 0:
            box = [float(np.round(v)) for v in box]
        if n == 1:
            box = [10.0, 10.0, 38.0, 38.0]
        if n == 5:
            box = [10.0, 10.0, 37.0, 37.0]
        if n == 9:
            box = [5.25, 5.5, 5.25, 20.0]
        box = [float(F32(v)) for v in box]
        boxed = [float(F32(v * square / max(h, w))) for v in box]
        soft = {
            'detectron2': detectron2(mask, box, h, w),
            'torchvision': torchvision_paste(mask, box, h, w),
            'mmdet1': mmdet1(mask, box, h, w),
            'keras': keras(mask, box, h, w),
            'letterbox': letterbox(mask, boxed, h, w, square),
        }
        expected = {}
        for name, values in soft.items():
            entry = {}
            for threshold in (0.5, 0.3):
                t = F32(threshold) if values.dtype == F32 else threshold
                # A pixel this near the threshold may fall on either side: sums are ordered differently.
                entry['unsure' if threshold == 0.5 else 'unsure_low'] = int((np.abs(values - t) < 1e-6).sum())
                key = 'at_half' if threshold == 0.5 else 'at_low'
                entry[key] = encode(values >= t if name == 'detectron2' else values > t)
            entry['quantised'] = encode((values.astype(F32) * F32(255)).astype(np.uint8) > 0.45 * 255)
            entry['sum'] = float(values.astype(np.float64).sum())
            expected[name] = entry
        cases.append({
            'maskSizePx': size, 'levels': [int(v) for v in levels.ravel()], 'sizeHw': [h, w], 'boxXyxy': box,
            'boxInSquareXyxy': boxed, 'squarePx': square, 'expected': expected,
        })
    made_with = {
        'date': datetime.date.today().isoformat(), 'torch': torch.__version__, 'torchvision': torchvision.__version__,
        'opencv': cv2.__version__, 'numpy': np.__version__, 'python': sys.version.split()[0],
    }
    json.dump({'made_with': made_with, 'cases': cases}, sys.stdout, separators=(',', ':'))


main()
