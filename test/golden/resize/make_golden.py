"""sha256 of resized byte pictures, by OpenCV and Pillow; the pictures come from a formula that the test repeats.

Run: python make_golden.py > golden.json
Needs numpy, opencv-python-headless, Pillow (columns-first resampling: 12 or older). Versions in `made_with`.
"""
import datetime
import hashlib
import json
import sys

import cv2
import numpy as np
import PIL
from PIL import Image

SIZES = [
    (1, 1, 5, 7), (2, 2, 1, 1), (7, 5, 3, 2), (10, 8, 20, 16), (20, 16, 10, 8), (28, 28, 100, 37), (64, 48, 63, 49),
    (90, 120, 66, 133), (33, 47, 11, 141), (240, 320, 333, 500), (300, 200, 128, 85), (17, 400, 200, 9),
]


def picture(h, w, c):
    y, x, k = np.meshgrid(np.arange(h), np.arange(w), np.arange(c), indexing='ij')
    return ((x * 37 + y * 101 + k * 59 + (x * y) % 97 * 7) % 256).astype(np.uint8)


def sha256(values):
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def main():
    assert int(PIL.__version__.split('.')[0]) < 13, 'Pillow 13 chooses the order of the passes'
    cases = []
    for h, w, new_h, new_w in SIZES:
        for c in (1, 3):
            image = picture(h, w, c)
            flat = image[..., 0] if c == 1 else image
            cases.append({
                'fromHw': [h, w], 'toHw': [new_h, new_w], 'channels': c,
                'cv2': sha256(cv2.resize(flat, (new_w, new_h))),
                'pil': sha256(np.asarray(Image.fromarray(flat).resize((new_w, new_h), Image.BILINEAR))),
            })
    made_with = {
        'date': datetime.date.today().isoformat(), 'opencv': cv2.__version__, 'pillow': PIL.__version__,
        'numpy': np.__version__, 'python': sys.version.split()[0],
    }
    json.dump({'made_with': made_with, 'cases': cases}, sys.stdout, indent=1)


main()
