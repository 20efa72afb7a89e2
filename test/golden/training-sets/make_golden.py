"""Label files and pictures as the programs that read them see them.

Run: python make_golden.py LINES.json > golden.json    (numpy, pycocotools, opencv-python-headless, Pillow, scikit-learn)

LINES.json is what `yolo-lines.mjs` writes: random masks as COCO counts, and for each the line that we write for it. Here
pycocotools draws the line and must find the same mask; OpenCV, which Ultralytics draws with, must find it too but for
pixels beside its outline, and exactly from the line through centres. Mask pictures of one bit and label pictures of 16 bits go the other way: Pillow and OpenCV write
them for our readers.
"""
import base64
import datetime
import io
import json
import sys

import cv2
import numpy as np
import PIL
import pycocotools
from PIL import Image
from pycocotools import mask as coco

source = json.load(open(sys.argv[1]))


def dense(counts, size):
    flat = np.zeros(size[0] * size[1], np.uint8)
    position = 0
    for k, count in enumerate(counts):
        flat[position : position + count] = k % 2
        position += count
    return flat.reshape(size[1], size[0]).T.copy()


lines = []
worst = 0.0
for case in source:
    height, width = case["size"]
    truth = dense(case["counts"], case["size"])
    numbers = [float(word) for word in case["line"].split()[1:]]
    xy = [value * (height if i % 2 else width) for i, value in enumerate(numbers)]
    drawn = coco.decode(coco.frPyObjects([xy], height, width))[:, :, 0]
    assert (drawn == truth).all(), case
    # As Ultralytics does it (polygon2mask): corners cut to whole numbers, cv2.fillPoly, which also draws the outline.
    canvas = np.zeros((height, width), np.int32)
    cv2.fillPoly(canvas, [np.asarray(xy).reshape(-1, 2).astype(np.int32)], color=1)
    inner = cv2.erode(truth, np.ones((3, 3), np.uint8), borderValue=0)
    assert (canvas[inner > 0] == 1).all(), case
    # Through centres it finds exactly the mask, where that is in one piece: bridges between parts are drawn too.
    if cv2.connectedComponents(truth, connectivity=8)[0] == 2:
        centres = [float(word) for word in case["centres"].split()[1:]]
        points = np.asarray(centres).reshape(-1, 2) * [width, height]
        canvas = np.zeros((height, width), np.int32)
        cv2.fillPoly(canvas, [points.astype(np.int32)], color=1)
        assert (canvas == truth).all(), case
    else:
        del case["centres"]
    lines.append(case)

rng = np.random.default_rng(11)
pictures = []
for kind in ["bit", "grey16-png", "grey16-tiff", "grey8-png"]:
    for _ in range(3):
        height, width = (int(v) for v in rng.integers(1, 40, 2))
        if kind == "bit":
            values = rng.random((height, width)) < 0.4
            image = Image.fromarray(values)
        else:
            most = 255 if kind == "grey8-png" else 65535
            values = np.where(rng.random((height, width)) < 0.5, 0, rng.integers(0, most, (height, width), endpoint=True))
            values = values.astype(np.uint8 if most == 255 else np.uint16)
            image = Image.fromarray(values)
        if kind == "grey16-tiff":
            ok, data = cv2.imencode(".tif", values)
            content = data.tobytes()
        else:
            stream = io.BytesIO()
            image.save(stream, "PNG")
            content = stream.getvalue()
        pictures.append(
            {
                "kind": kind,
                "size": [height, width],
                "values": values.astype(int).ravel().tolist(),
                "file": base64.b64encode(content).decode(),
            }
        )

json.dump(
    {
        "date": datetime.date.today().isoformat(),
        "versions": {
            "numpy": np.__version__,
            "pycocotools": "2.0.11" if not hasattr(pycocotools, "__version__") else pycocotools.__version__,
            "opencv": cv2.__version__,
            "pillow": PIL.__version__,
        },
        "lines": lines,
        "pictures": pictures,
    },
    sys.stdout,
    separators=(",", ":"),
)
