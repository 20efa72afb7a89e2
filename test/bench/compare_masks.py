"""Times the mask kernels side by side with pycocotools' C code on the same masks.

Run: npm run build && python test/bench/compare_masks.py [rounds]
Needs numpy, pycocotools. The C functions are called through ctypes in the extension that pip installed, many masks per
call where C takes many, so that Python's part of the time is small; what is left of it (an empty call) is taken off.
Both sides report the best of several rounds, in microseconds per mask or pair. The last column is ours / theirs.
"""
import ctypes
import json
import os
import subprocess
import sys
import tempfile
import time

import numpy as np
import pycocotools._mask as extension

lib = ctypes.CDLL(extension.__file__)
ROUNDS = int(sys.argv[1]) if len(sys.argv) > 1 else 7


class Rle(ctypes.Structure):
    _fields_ = [('h', ctypes.c_ulong), ('w', ctypes.c_ulong), ('m', ctypes.c_ulong),
                ('counts', ctypes.POINTER(ctypes.c_uint))]


LONG, DOUBLE, BYTE = ctypes.c_ulong, ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_ubyte)
RLES = ctypes.POINTER(Rle)
for name, arguments in {
    'rleEncode': [RLES, BYTE, LONG, LONG, LONG], 'rleDecode': [RLES, BYTE, LONG], 'rleArea': [RLES, LONG, ctypes.c_void_p],
    'rleToBbox': [RLES, DOUBLE, LONG], 'rleIou': [RLES, RLES, LONG, LONG, BYTE, DOUBLE],
    'rleMerge': [RLES, RLES, LONG, ctypes.c_int], 'rleToString': [RLES], 'rleFrString': [RLES, ctypes.c_char_p, LONG, LONG],
    'rleFrPoly': [RLES, DOUBLE, LONG, LONG, LONG], 'rleFree': [RLES],
}.items():
    getattr(lib, name).argtypes = arguments
    getattr(lib, name).restype = None
lib.rleToString.restype = ctypes.c_void_p
free = ctypes.CDLL(None).free
free.argtypes = [ctypes.c_void_p]


def discs(rng, count, h, w, low, high):
    masks = np.zeros((count, w, h), np.uint8)  # column-major pictures
    for mask in masks:
        x, y, r = rng.uniform(0, w), rng.uniform(0, h), rng.uniform(low, high)
        xx, yy = np.ogrid[:w, :h]
        wave = 1 + 0.25 * np.sin(5 * np.arctan2(yy - y, xx - x + 1e-9))
        mask[np.hypot(xx - x, yy - y) < r * wave] = 1
    return masks


def noise(rng, count, h, w):
    small = rng.random((count, w, h // 4 + 1))
    masks = np.repeat(small, 4, axis=2)[:, :, :h] > 0.5
    return (masks ^ (rng.random((count, w, h)) > 0.97)).astype(np.uint8)


def best(run, per):
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        run()
        times.append(time.perf_counter() - begin)
    return min(times) / per * 1e6


def pointer(array, kind=BYTE):
    return array.ctypes.data_as(kind)


def freed(rles):
    for rle in rles:
        lib.rleFree(ctypes.byref(rle))


def empty_call():
    rle = Rle()
    return best(lambda: [lib.rleFree(ctypes.byref(rle)) for _ in range(1000)], 1000)


def time_set(masks, overhead):
    count, w, h = masks.shape
    flat = np.ascontiguousarray(masks).reshape(-1)
    rles = (Rle * count)()

    def encode():
        freed(rles)
        lib.rleEncode(rles, pointer(flat), h, w, count)

    rows = np.ascontiguousarray(masks.transpose(0, 2, 1))

    def encode_rows():
        freed(rles)
        turned = np.ascontiguousarray(rows.transpose(0, 2, 1))
        lib.rleEncode(rles, pointer(turned), h, w, count)

    result = {'encode row-major': best(encode_rows, count), 'encode column-major': best(encode, count)}
    out = np.zeros_like(flat)
    result['decode column-major'] = best(lambda: lib.rleDecode(rles, pointer(out), count), count)
    result['decode row-major'] = best(lambda: (lib.rleDecode(rles, pointer(out), count),
                                               np.ascontiguousarray(out.reshape(count, w, h).transpose(0, 2, 1))), count)
    areas = np.zeros(count, np.uint32)
    result['area'] = best(lambda: [lib.rleArea(rles, count, areas.ctypes.data) for _ in range(20)], 20 * count)
    boxes = np.zeros(4 * count)
    result['box'] = best(lambda: [lib.rleToBbox(rles, pointer(boxes, DOUBLE), count) for _ in range(20)], 20 * count)
    ious = np.zeros(count * count)
    crowd = np.zeros(count, np.uint8)
    result['iou'] = best(lambda: lib.rleIou(rles, rles, count, count, pointer(crowd), pointer(ious, DOUBLE)), count ** 2)
    copies = (Rle * count)()
    lib.rleEncode(copies, pointer(flat), h, w, count)
    result['iou of two sets'] = result['iou']
    merged = Rle()

    def union():
        lib.rleFree(ctypes.byref(merged))
        lib.rleMerge(rles, ctypes.byref(merged), count, 0)

    result['union of all'] = best(union, 1)
    texts = []
    for rle in rles:
        address = lib.rleToString(ctypes.byref(rle))
        texts.append(ctypes.string_at(address))
        free(address)
    result['to text'] = best(lambda: [free(lib.rleToString(ctypes.byref(r))) for r in rles], count) - 2 * overhead
    spare = Rle()
    result['from text'] = best(lambda: [(lib.rleFrString(ctypes.byref(spare), t, h, w), lib.rleFree(ctypes.byref(spare)))
                                        for t in texts], count) - 2 * overhead
    result['counts to text'], result['text to counts'] = result['to text'], result['from text']
    return result, {'sizeHw': [h, w], 'texts': [t.decode() for t in texts], 'iouSum': float(ious.sum())}


def time_polygons(overhead, radius, vertices):
    angles = np.arange(vertices) * 2 * np.pi / vertices
    polygons = []
    for k in range(50):
        r = radius * (1 + 0.2 * np.sin(3 * angles + k))
        polygons.append(np.stack([500 + k + r * np.cos(angles), 400 + r * np.sin(angles)], 1).ravel())
    spare = Rle()

    def draw():
        for xy in polygons:
            lib.rleFrPoly(ctypes.byref(spare), pointer(xy, DOUBLE), vertices, 800, 1100)
            lib.rleFree(ctypes.byref(spare))

    return {'polygon': best(draw, len(polygons)) - 2 * overhead}, {
        'sizeHw': [800, 1100], 'polygons': [p.tolist() for p in polygons]}


def main():
    rng = np.random.default_rng(2)
    overhead = empty_call()
    theirs, work = {}, {}
    for name, masks in {
        'blobs 768x1024': discs(rng, 60, 768, 1024, 40, 200), 'objects 1080p': discs(rng, 60, 1080, 1920, 20, 160),
        'cells 520x704': discs(rng, 300, 520, 704, 6, 16), 'noise 768x1024': noise(rng, 12, 768, 1024),
    }.items():
        theirs[name], work[name] = time_set(masks, overhead)
    for radius, vertices in ((150, 60), (20, 12)):
        name = f'{vertices}-gon r={radius}'
        theirs[name], work[name] = time_polygons(overhead, radius, vertices)
    with tempfile.NamedTemporaryFile('w', suffix='.json') as file:
        json.dump(work, file)
        file.flush()
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'masks-timing.mjs')
        ours = json.loads(subprocess.run(['node', script, file.name, str(ROUNDS)], check=True, capture_output=True).stdout)
    print(f'{"masks":16} {"kernel":20} {"C us":>10} {"ours us":>10} {"ratio":>7}')
    for name, kernels in theirs.items():
        for kernel, micros in kernels.items():
            print(f'{name:16} {kernel:20} {micros:10.2f} {ours[name][kernel]:10.2f} {ours[name][kernel] / micros:7.2f}')
        if 'iouSum' in work[name]:
            assert abs(ours[name]['iouSum'] - work[name]['iouSum']) < 1e-9 * (1 + work[name]['iouSum']), name


main()
