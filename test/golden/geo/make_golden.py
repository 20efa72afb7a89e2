"""Golden data of rasters: what rasterio 1.4.4 (GDAL 3.10.3) and numpy 2.4.6 say of demo/cities and of random polygons.

python3 make_golden.py writes golden.json beside it (November 2026).
"""

import json
from pathlib import Path

import numpy as np
import rasterio
from rasterio.features import rasterize
from rasterio.windows import Window

HERE = Path(__file__).parent
DEMO = HERE.parent.parent.parent / "demo" / "cities"


def raster(path):
    with rasterio.open(path) as file:
        window = file.read(window=Window(61, 58, 9, 5))
        return {
            "crs": str(file.crs),
            "affine": list(file.transform)[:6],
            "window": np.moveaxis(window, 0, 2).ravel().tolist(),
            "percentiles": [float(v) for v in np.percentile(file.read([1, 2, 3]), [2, 50, 98])],
        }


def runs(mask):
    """Starts and lengths of foreground, row by row."""
    flat = np.concatenate([[0], mask.ravel(), [0]])
    changes = np.flatnonzero(np.diff(flat))
    return [int(v) for pair in zip(changes[::2], changes[1::2] - changes[::2]) for v in pair]


def polygons():
    random = np.random.default_rng(777)
    cases = []
    for number in range(60):
        height, width = (int(v) for v in random.integers(1, 24, 2))
        parts = []
        for _ in range(int(random.integers(1, 3))):
            count = int(random.integers(3, 8))
            spread = random.uniform(0.6, 12)
            ring = random.uniform(-3, max(height, width) + 3, 2) + random.uniform(-spread, spread, (count, 2))
            # Some on whole and half pixels, where the rules of edges decide.
            if number % 3 == 1:
                ring = np.round(ring)
            if number % 3 == 2:
                ring = np.round(2 * ring) / 2
            parts.append([*ring.tolist(), ring[0].tolist()])
        shape = {"type": "Polygon", "coordinates": parts}
        masks = {}
        for name, touched in [("touched", True), ("centres", False)]:
            try:
                masks[name] = runs(rasterize([shape], out_shape=(height, width), all_touched=touched))
            except ValueError:
                masks[name] = None  # No valid geometry.
        cases.append({"sizeHw": [height, width], "rings": parts, **masks})
    return cases


def labels(name):
    with rasterio.open(DEMO / "scenes" / f"{name}.tif") as file:
        shapes = [f["geometry"] for f in json.loads((DEMO / "labels" / f"{name}.geojson").read_text())["features"]]
        return [
            runs(rasterize([shape], out_shape=file.shape, transform=file.transform, all_touched=True)) for shape in shapes
        ]


(HERE / "golden.json").write_text(
    json.dumps(
        {
            "rasters": {name: raster(DEMO / name) for name in ["scenes/e1.tif", "rasters/n1.tif"]},
            "polygons": polygons(),
            "labels": {name: labels(name) for name in ["e1", "w1"]},
        },
        separators=(",", ":"),
    )
    + "\n"
)
