"""Compares the mask kernels with pycocotools byte for byte on many random masks and polygons.

Run: npm run build && python check_pycocotools.py [masks] [polygons]      (default 100000 and 10000; some minutes)
Needs numpy, pycocotools, node. Sizes are 1 x 1 to 2000 x 2000, most of them small. Checked for each mask: the text,
area and box after encoding dense bytes in either order, the dense bytes after decoding; for groups of masks of one
frame: IoU with and without crowds, union, intersection; for polygons: the text. Stops at the first difference.
"""
import json
import os
import subprocess
import sys
import time

import numpy as np
import pycocotools.mask as coco

from cases import mask, polygon

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    mask_total = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    polygon_total = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
    driver = subprocess.Popen(['node', os.path.join(HERE, 'driver.mjs')], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    rng = np.random.default_rng(int(time.time()) if os.environ.get('RANDOM_SEED') else 1)

    def ask(request, payload=b''):
        head = json.dumps({**request, 'payloadBytes': len(payload)}).encode()
        driver.stdin.write(len(head).to_bytes(4, 'little') + head + payload)
        driver.stdin.flush()
        length, bytes_ = (int.from_bytes(driver.stdout.read(4), 'little') for _ in range(2))
        return json.loads(driver.stdout.read(length)), driver.stdout.read(bytes_)

    def same(what, ours, theirs, context):
        if ours != theirs:
            raise SystemExit(f'{what} differs: {context}\nours   {ours}\ntheirs {theirs}')

    begin, done, pixels = time.time(), 0, 0
    while done < mask_total:
        largest = 2000 if rng.random() < 0.004 else rng.choice([3, 10, 40, 150])
        h, w = [int(v) for v in rng.integers(1, largest + 1, 2)]
        group = [mask(rng, h, w) for _ in range(3 if largest == 2000 else 20)]
        rles = [coco.encode(m) for m in group]
        crowd = [int(v) for v in rng.integers(0, 2, len(group))]
        payload = b''.join(m.tobytes(order) for m in group for order in 'FC')
        ours, dense = ask({'kind': 'masks', 'sizeHw': [h, w], 'count': len(group), 'crowd': crowd}, payload)
        context = f'{h} x {w}, seed state after {done} masks'
        texts = [r['counts'].decode() for r in rles]
        same('text from column-major bytes', ours['textsColumn'], texts, context)
        same('text from row-major bytes', ours['textsRow'], texts, context)
        same('area', ours['areas'], coco.area(rles).tolist(), context)
        same('box', ours['boxes'], coco.toBbox(rles).ravel().tolist(), context)
        same('IoU', ours['iou'], coco.iou(rles, rles, [0] * len(rles)).ravel().tolist(), context)
        same('IoU with crowds', ours['iouCrowd'], coco.iou(rles, rles, crowd).ravel().tolist(), context)
        same('union', ours['union'], coco.merge(rles)['counts'].decode(), context)
        same('intersection', ours['intersection'], coco.merge(rles[:2], intersect=True)['counts'].decode(), context)
        same('decoded bytes', dense == payload, True, context)
        done += len(group)
        pixels += h * w * len(group)
    print(f'{done} masks ({pixels / 1e6:.0f} million pixels) equal, {time.time() - begin:.0f} s')

    begin = time.time()
    for first in range(0, polygon_total, 500):
        work = []
        for _ in range(min(500, polygon_total - first)):
            h, w = [int(v) for v in rng.integers(1, 2001 if rng.random() < 0.05 else 150, 2)]
            work.append({'sizeHw': [h, w], 'xy': polygon(rng, h, w).tolist()})
        ours, _ = ask({'kind': 'polygons', 'work': work})
        for one, text in zip(work, ours['texts']):
            theirs = coco.frPyObjects([one['xy']], *one['sizeHw'])[0]['counts'].decode()
            same('polygon', text, theirs, json.dumps(one))
    print(f'{polygon_total} polygons equal, {time.time() - begin:.0f} s')
    driver.stdin.close()
    driver.wait()


main()
