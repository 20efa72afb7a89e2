"""Draws the scenes of demo/cities with their labels and builds the two small networks that look at them.

python3 make.py, with numpy 2.4, rasterio 1.4 (GDAL 3.10) and onnx 1.23. Everything is invented.
"""

import json
from pathlib import Path

import numpy as np
import onnx
import rasterio
from onnx import TensorProto, helper, numpy_helper
from rasterio.features import rasterize
from rasterio.transform import Affine

HERE = Path(__file__).parent
HEIGHT, WIDTH, PIXEL_M = 160, 224, 0.5


def turned(cx, cy, width, height, degrees):
    """Corners of a rectangle in pixels, turned around its centre."""
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    corners = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    return [list(point) for point in corners @ turn.T + [cx, cy]]


def buildings(seed):
    """Rings of each building in pixels: most are plain, one has a courtyard, one reaches over the edge."""
    random = np.random.default_rng(seed)
    found = []
    for row in range(3):
        for column in range(4):
            if random.random() < 0.25:
                continue
            cx, cy = 30 + 54 * column + random.uniform(-6, 6), 28 + 52 * row + random.uniform(-6, 6)
            found.append([turned(cx, cy, random.uniform(16, 34), random.uniform(14, 28), random.uniform(0, 90))])
    found[1].append(turned(*np.mean(found[1][0], axis=0), 6, 6, 20))
    found.append([turned(WIDTH - 3, 60, 20, 24, 10)])
    return found


def draw(seed, rings):
    """RGB in 0 … 1: ground, roads, shade, roofs, one red field that is no roof."""
    random = np.random.default_rng(seed + 100)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    wave = 0.04 * np.sin(x / 23 + seed) + 0.04 * np.cos(y / 17)
    rgb = np.stack([0.36 + wave, 0.42 + wave, 0.30 + 0.5 * wave], axis=2)
    rgb[(np.abs(x - 58 - 0.05 * y) < 4) | (np.abs(y - 54) < 4)] = [0.50, 0.50, 0.51]
    field = (x - 200) ** 2 + (y - 140) ** 2 < 15**2
    rgb[field] = [0.52, 0.40, 0.34]
    for i, ring in enumerate(rings):
        polygon = {"type": "Polygon", "coordinates": [part + part[:1] for part in ring]}
        roof = rasterize([polygon], out_shape=(HEIGHT, WIDTH)) == 1
        shade = np.roll(roof, (3, 3), axis=(0, 1)) & ~roof
        rgb[shade] *= 0.6
        rgb[roof] = [[0.72, 0.36, 0.28], [0.66, 0.42, 0.36], [0.78, 0.44, 0.30]][i % 3]
    # In blocks of 2 x 2 pixels and alike in all bands: half the bytes.
    grain = np.kron(random.normal(0, 0.01, (HEIGHT // 2, WIDTH // 2)), np.ones((2, 2)))
    return np.clip(rgb + grain[..., None], 0, 1)


def write_scene(path, bands, dtype, transform, crs="EPSG:32631"):
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path, "w", driver="GTiff", height=HEIGHT, width=WIDTH, count=bands.shape[2], dtype=dtype, crs=crs,
        transform=transform, tiled=True, blockxsize=64, blockysize=64, compress="deflate", predictor=2, zlevel=9,
    ) as raster:
        raster.write(np.moveaxis(bands.astype(dtype), 2, 0))


def write_labels(path, rings, transform):
    path.parent.mkdir(parents=True, exist_ok=True)
    features = []
    for number, ring in enumerate(rings):
        parts = [[[round(v, 3) for v in transform * (px, py)] for px, py in [*part, part[0]]] for part in ring]
        features.append(
            {"type": "Feature", "properties": {"id": number, "building": "yes"},
             "geometry": {"type": "Polygon", "coordinates": parts}}
        )
    # The last two as one feature of two polygons.
    last = features.pop()
    features[-1]["geometry"] = {
        "type": "MultiPolygon", "coordinates": [features[-1]["geometry"]["coordinates"], last["geometry"]["coordinates"]]}
    lines = ",\n".join(json.dumps(feature) for feature in features)
    crs = '{"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32631"}}'
    path.write_text(f'{{"type": "FeatureCollection", "crs": {crs}, "features": [\n{lines}\n]}}\n')


def write_model(name, redness, pool, steepness, field):
    """Stride 4, then one number for each position: how much redder than green and blue, against a limit."""
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    mix = np.array([1, -0.5, -0.5])
    weights = {
        # 3 x 3 mean of redness and of brightness, from normalised values.
        "w1": np.stack([np.tile((m * std)[:, None, None], (1, 3, 3)) / 9 for m in (mix, np.full(3, 1 / 3))]),
        "b1": np.array([mix @ mean, mean.mean()]),
        "w2": np.array([[0, 0], [steepness, 0]]).reshape(2, 2, 1, 1),
        "b2": np.array([0, -steepness * redness]),
        "w3": np.array([[steepness / 2, 0]]).reshape(1, 2, 1, 1),
        "b3": np.array([-steepness / 2 * redness]),
        "w4": np.array([[0, steepness], [0, 0]]),
        "b4": np.array([0, -steepness * redness]),
        "w5": np.array([[0], [field]]),
    }
    node = helper.make_node
    graph = helper.make_graph(
        [
            node("Conv", ["image", "w1", "b1"], ["halved"], strides=[2, 2], pads=[1, 1, 1, 1]),
            node(pool, ["halved"], ["features"], kernel_shape=[2, 2], strides=[2, 2]),
            node("Conv", ["features", "w2", "b2"], ["bce"]),
            node("Conv", ["features", "w3", "b3"], ["dice"]),
            node("GlobalMaxPool", ["features"], ["peak"]),
            node("Flatten", ["peak"], ["peaks"]),
            node("Gemm", ["peaks", "w4", "b4"], ["image_logits"]),
            node("GlobalAveragePool", ["features"], ["whole"]),
            node("Flatten", ["whole"], ["wholes"]),
            node("MatMul", ["wholes", "w5"], ["scale"]),
        ],
        name,
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 3, "h", "w"])],
        [helper.make_tensor_value_info(o, TensorProto.FLOAT, s) for o, s in
         [("bce", ["n", 2, "h4", "w4"]), ("dice", ["n", 1, "h4", "w4"]), ("image_logits", ["n", 2]), ("scale", ["n", 1])]],
        [numpy_helper.from_array(array.astype(np.float32), key) for key, array in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    folder = HERE / "models" / name
    folder.mkdir(parents=True, exist_ok=True)
    onnx.save(model, folder / "net.onnx")
    (folder / "model.yaml").write_text(MODEL.format(name=name))


MODEL = """# yaml-language-server: $schema=../../../../schemas/model.schema.json
maskloom_model: 1
name: {name}
description: Roofs by their colour; built by hand (demo/cities/make.py), not trained
family: semantic
file: net.onnx
batch: 8
input:
  name: image
  channel_order: rgb
  value_range: [0, 1]
  mean: [0.485, 0.456, 0.406]
  std: [0.229, 0.224, 0.225]
  pad_to_multiple: 4
resize: {{ semantics: cv2 }} # at its own size
maps:
  - {{ name: bce, output: bce, activation: softmax, classes: [{{ index: 1, id: building, name: Building }}] }}
  - {{ name: dice, output: dice, activation: sigmoid, classes: [{{ index: 0, id: building, name: Building }}] }}
vectors:
  - {{ name: image, output: image_logits, activation: softmax }}
  - {{ name: scale, output: scale, activation: none }}
"""

for seed, name in [(1, "e1"), (2, "e2"), (3, "w1")]:
    place = Affine(PIXEL_M, 0, 420000 + 1000 * seed, 0, -PIXEL_M, 630000)
    rings = buildings(seed)
    write_scene(HERE / "scenes" / f"{name}.tif", np.round(draw(seed, rings) * 255), "uint8", place)
    write_labels(HERE / "labels" / f"{name}.geojson", rings, place)

# As a satellite gives it: four bands (blue, green, red, near infrared) of 11 bits.
place = Affine(PIXEL_M, 0, 426000, 0, -PIXEL_M, 630000)
rings = buildings(6)
rgb = draw(6, rings)
deep = np.concatenate([rgb[..., ::-1], 1 - rgb[..., :1]], axis=2) * 700 + 200
write_scene(HERE / "rasters" / "n1.tif", np.round(deep / 4) * 4, "uint16", place)
write_labels(HERE / "labels" / "n1.geojson", rings, place)

write_model("C1", redness=0.16, pool="AveragePool", steepness=40, field=1.0)
write_model("C2", redness=0.19, pool="MaxPool", steepness=25, field=0.9)
