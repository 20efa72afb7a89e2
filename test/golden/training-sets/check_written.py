"""Reads what `maskloom run convert/to-*` wrote with the programs of others and compares every mask with the COCO truth.

Run: python check_written.py TRUTH.json FOLDER    (FOLDER/coco, /kaggle-rle, /open-images, /yolo, /label-images, as --out)
Truth whose masks overlap is skipped for label pictures.
"""
import csv
import sys
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
from PIL import Image
from pycocotools import mask as coco
from pycocotools.coco import COCO

truth = COCO(sys.argv[1])
folder = Path(sys.argv[2])
csv.field_size_limit(10**9)


def masks_of(source, crowds=True):
    found = {}
    for image in source.loadImgs(source.getImgIds()):
        annotations = source.loadAnns(source.getAnnIds(imgIds=image["id"]))
        found[Path(image["file_name"]).stem] = [
            (source.cats[one["category_id"]]["name"], source.annToMask(one))
            for one in annotations
            if crowds or not one["iscrowd"]
        ]
    return found


want = masks_of(truth)
sizes = {Path(image["file_name"]).stem: (image["height"], image["width"]) for image in truth.imgs.values()}


def compare(name, got, want=want):
    assert sorted(got) == sorted(want), name
    count = 0
    for item, masks in want.items():
        assert len(masks) == len(got[item]), (name, item)
        for (label, mask), (other_label, other) in zip(masks, got[item]):
            assert label == other_label and mask.shape == other.shape and (mask == other).all(), (name, item)
            count += 1
    print(f"{name}: {count} masks of {len(want)} images, all equal")


compare("coco", masks_of(COCO(str(folder / "coco" / "annotations.json"))))

rows = defaultdict(list)
for row in csv.DictReader(open(folder / "kaggle-rle" / "annotations.csv")):
    height, width = int(row["height"]), int(row["width"])
    flat = np.zeros(height * width, np.uint8)
    numbers = [int(word) for word in row["annotation"].split()]
    for start, length in zip(numbers[::2], numbers[1::2]):
        flat[start - 1 : start - 1 + length] = 1
    rows[row["id"]] += [(row["cell_type"], flat.reshape(height, width))] if numbers else []
compare("kaggle-rle", rows)

rows = defaultdict(list, {item: [] for item in want})
for row in csv.DictReader(open(folder / "open-images" / "segmentation-masks.csv")):
    image = Image.open(folder / "open-images" / "masks" / row["MaskPath"])
    assert image.mode == "1", image.mode
    rows[row["ImageID"]].append((row["LabelName"], np.asarray(image).astype(np.uint8)))
compare("open-images", rows)

names = {}
for line in open(folder / "yolo" / "data.yaml"):
    if line.startswith("  "):
        number, name = line.strip().split(": ", 1)
        names[int(number)] = name.strip('"')
rows = {}
for item, (height, width) in sizes.items():
    rows[item] = []
    for line in open(folder / "yolo" / "labels" / f"{item}.txt"):
        number, *words = line.split()
        xy = [float(word) * (height if i % 2 else width) for i, word in enumerate(words)]
        rows[item].append((names[int(number)], coco.decode(coco.frPyObjects([xy], height, width))[:, :, 0]))
compare("yolo", rows, masks_of(truth, crowds=False))

equal = 0
for item, masks in want.items():
    numbers = cv2.imread(str(folder / "label-images" / "labels" / f"{item}.png"), cv2.IMREAD_UNCHANGED)
    assert numbers.dtype == np.uint16 and numbers.shape == sizes[item]
    if masks and np.max(sum(mask.astype(int) for _, mask in masks)) > 1:
        continue
    for i, (_, mask) in enumerate(masks):
        assert ((numbers == i + 1) == mask).all(), item
        equal += 1
print(f"label-images: {equal} masks equal")
