"""Which source sample each program's nearest-neighbour resize copies, for some sizes.

Run: python make_nearest.py > nearest.json
Needs numpy, opencv-python-headless, Pillow, torch. Versions in `made_with`.
"""
import datetime
import json
import sys

import cv2
import numpy as np
import PIL
import torch
from PIL import Image

SIZES = [(1, 4), (5, 13), (7, 3), (10, 10), (29, 31), (49, 98), (98, 49), (100, 33), (77, 200), (640, 427), (427, 1000)]


def main():
    cases = []
    for a, b in SIZES:
        row = np.arange(a, dtype=np.float32)[None]
        cases.append({
            'from': a, 'to': b,
            'cv2': cv2.resize(row, (b, 1), interpolation=cv2.INTER_NEAREST)[0].astype(int).tolist(),
            'pil': np.asarray(Image.fromarray(row).resize((b, 1), Image.NEAREST))[0].astype(int).tolist(),
            'torch': torch.nn.functional.interpolate(torch.from_numpy(row)[None], size=b, mode='nearest')[0, 0].int().tolist(),
        })
    made_with = {
        'date': datetime.date.today().isoformat(), 'opencv': cv2.__version__, 'pillow': PIL.__version__,
        'torch': torch.__version__, 'numpy': np.__version__, 'python': sys.version.split()[0],
    }
    json.dump({'made_with': made_with, 'cases': cases}, sys.stdout, separators=(',', ':'))


main()
