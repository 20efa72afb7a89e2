"""Golden tensors of two-stage inference, written down plainly in NumPy and float32.

    pip install numpy onnxruntime pillow pyyaml safetensors
    python make.py            # reads ../../../demo/models and scene.jpg, writes *.safetensors here

Made 2026-11-20 with Python 3.11, numpy 2.4.6, onnxruntime 1.31.1, pillow 13.0.0, safetensors of that day.
The steps are those of torchvision's Mask R-CNN (0.2x) around three graphs; the ensemble is the arithmetic mean of
12 views at the proposal, box and mask stage.
"""
from pathlib import Path

import numpy as np
import onnxruntime
import yaml
from PIL import Image
from safetensors.numpy import save_file

HERE = Path(__file__).parent
MODELS = HERE / '../../../demo/models'
f32 = np.float32


class Model:
    def __init__(self, name):
        folder = MODELS / name
        self.spec = yaml.safe_load((folder / 'model.yaml').read_text())
        self.box, self.mask = self.spec['box'][0], self.spec['mask'][0]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.graphs = {
            part: onnxruntime.InferenceSession(folder / f'{part}.onnx', options, providers=['CPUExecutionProvider'])
            for part in ('backbone', 'box', 'mask')
        }

    def run(self, part, **feeds):
        graph = self.graphs[part]
        feeds = {name: np.ascontiguousarray(value, f32) for name, value in feeds.items()}
        return dict(zip([output.name for output in graph.get_outputs()], graph.run(None, feeds)))


def resize(planes, height, width):
    """[C, H, W], bilinear, half-pixel centres, no antialias, edges clamped."""
    def taps(size, out):
        ratio = f32(size / out)
        position = np.maximum((np.arange(out, dtype=f32) + f32(0.5)) * ratio - f32(0.5), 0)
        low = np.minimum(np.floor(position).astype(int), size - 1)
        return low, np.minimum(low + 1, size - 1), (position - low).astype(f32)
    y0, y1, wy = taps(planes.shape[1], height)
    x0, x1, wx = taps(planes.shape[2], width)
    rows = planes[:, :, x0] * (1 - wx) + planes[:, :, x1] * wx
    return rows[:, y0] * (1 - wy[:, None]) + rows[:, y1] * wy[:, None]


def preprocess(rgb, spec, shorter, longer):
    height, width = rgb.shape[:2]
    scale = float(min(f32(shorter) / f32(min(height, width)), f32(longer) / f32(max(height, width))))
    new_h, new_w = int(height * scale), int(width * scale)
    rule = spec['input']
    values = (rgb.astype(f32) / f32(255) - np.array(rule['mean'], f32)) / np.array(rule['std'], f32)
    multiple = rule['pad_to_multiple']
    out = np.zeros((1, 3, -(-new_h // multiple) * multiple, -(-new_w // multiple) * multiple), f32)
    out[0, :, :new_h, :new_w] = resize(values.transpose(2, 0, 1), new_h, new_w)
    return out, (new_h, new_w)


def anchors(level, grid_h, grid_w):
    roots = np.sqrt(np.array(level['ratios'], f32))
    (size,) = level['sizes']
    w, h = (1 / roots) * f32(size), roots * f32(size)
    base = np.round(np.stack([-w, -h, w, h], 1) / 2).astype(f32)
    y, x = np.meshgrid(np.arange(grid_h) * level['stride'], np.arange(grid_w) * level['stride'], indexing='ij')
    return (np.stack([x, y, x, y], -1).reshape(-1, 1, 4) + base).reshape(-1, 4).astype(f32)


def decode(deltas, boxes, weights, limit):
    """[N, 4k] on [N, 4] -> [N, k, 4]"""
    side = boxes[:, 2:] - boxes[:, :2]
    centre = boxes[:, :2] + f32(0.5) * side
    deltas = deltas.reshape(len(boxes), -1, 4) / np.array(weights, f32)
    centre = centre[:, None] + deltas[..., :2] * side[:, None]
    side = np.exp(np.minimum(deltas[..., 2:], f32(limit))) * side[:, None]
    return np.concatenate([centre - f32(0.5) * side, centre + f32(0.5) * side], -1).astype(f32)


def clip(boxes, size_hw):
    return np.clip(boxes, 0, np.array([size_hw[1], size_hw[0]] * 2, f32))


def big_enough(boxes, least):
    return ((boxes[:, 2:] - boxes[:, :2]) >= least).all(1)


def nms(boxes, scores, threshold, group):
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    gone, kept = np.zeros(len(boxes), bool), []
    for i in np.argsort(-scores, kind='stable'):
        if gone[i]:
            continue
        kept.append(i)
        low, high = np.maximum(boxes[i, :2], boxes[:, :2]), np.minimum(boxes[i, 2:], boxes[:, 2:])
        overlap = (high - low).clip(0).prod(1)
        gone |= (overlap / (area[i] + area - overlap) > f32(threshold)) & (group == group[i])
    return np.array(kept, int)


def proposals(outputs, spec, size_hw):
    rule, boxes, scores, levels = spec['rpn'], [], [], []
    for number, level in enumerate(spec['backbone']['levels']):
        logits, deltas = outputs[level['objectness']][0], outputs[level['deltas']][0]
        count, h, w = logits.shape
        logits = logits.transpose(1, 2, 0).reshape(-1)
        deltas = deltas.reshape(count, 4, h, w).transpose(2, 3, 0, 1).reshape(-1, 4)
        best = np.argsort(-logits, kind='stable')[: rule['top_per_level']]
        boxes.append(decode(deltas[best], anchors(level, h, w)[best], rule['delta_weights'], rule['clamp_log_size'])[:, 0])
        scores.append((1 / (1 + np.exp(-logits[best]))).astype(f32))
        levels.append(np.full(len(best), number))
    boxes, scores, levels = clip(np.concatenate(boxes), size_hw), np.concatenate(scores), np.concatenate(levels)
    keep = big_enough(boxes, rule['min_side'])
    boxes, scores, levels = boxes[keep], scores[keep], levels[keep]
    keep = nms(boxes, scores, rule['nms_iou'], levels)[: rule['max']]
    return boxes[keep], scores[keep]


class View:
    """One model, one size, mirrored or not; everything it returns is in the frame of the original image."""
    def __init__(self, model, rgb, shorter, flip, longer=768):
        self.model, self.flip, self.frame = model, flip, rgb.shape[:2]
        self.input, self.size = preprocess(rgb[:, ::-1] if flip else rgb, model.spec, shorter, longer)
        self.outputs = model.run('backbone', image=self.input)
        self.features = {name: self.outputs[name] for name in model.spec['backbone']['features']}
        self.scale = np.array([self.size[1] / self.frame[1], self.size[0] / self.frame[0]] * 2, f32)

    def mirrored(self, boxes):
        if not self.flip:
            return boxes
        return np.stack([self.size[1] - boxes[..., 2], boxes[..., 1], self.size[1] - boxes[..., 0], boxes[..., 3]], -1)

    def proposals(self):
        boxes, scores = proposals(self.outputs, self.model.spec, self.size)
        return (self.mirrored(boxes) / self.scale).astype(f32), scores

    def boxes(self, shared):
        rois, rule = self.mirrored(shared * self.scale).astype(f32), self.model.box
        out = self.model.run('box', rois=rois, **self.features)
        exponentials = np.exp(out['class_logits'] - out['class_logits'].max(1, keepdims=True))
        decoded = clip(decode(out['box_deltas'], rois, rule['delta_weights'], rule['clamp_log_size']), self.size)
        # Column 0 is background.
        return (exponentials / exponentials.sum(1, keepdims=True))[:, 1:], (self.mirrored(decoded) / self.scale)[:, 1:]

    def masks(self, boxes, labels):
        rois = self.mirrored(boxes * self.scale).astype(f32)
        logits = self.model.run('mask', rois=rois, **self.features)['mask_logits'][np.arange(len(labels)), labels + 1]
        soft = 1 / (1 + np.exp(-logits))
        return soft[..., ::-1] if self.flip else soft


def detect(probabilities, boxes, threshold, limit):
    classes = probabilities.shape[1]
    scores, boxes = probabilities.reshape(-1), boxes.reshape(-1, 4)
    labels = np.tile(np.arange(classes), len(probabilities))
    keep = (scores > f32(threshold)) & big_enough(boxes, 0.01)
    scores, boxes, labels = scores[keep], boxes[keep], labels[keep]
    keep = nms(boxes, scores, 0.5, labels)[:limit]
    return boxes[keep], scores[keep], labels[keep]


def paste(soft, box, height, width):
    """Pixel centres, bilinear, zero outside the grid."""
    cells = len(soft)
    padded = np.zeros((cells + 2, cells + 2), f32)
    padded[1:-1, 1:-1] = soft
    def axis(start, end, size):
        first, last = max(0, int(np.floor(start)) - 1), min(size, int(np.ceil(end)) + 1)
        pixels = np.arange(first, last)
        position = (pixels + 0.5 - start) / max(end - start, 1e-6) * cells + 0.5
        low = np.floor(position).astype(int)
        share = (position - low).astype(f32)
        w0 = np.where((low >= 0) & (low < cells + 2), 1 - share, 0).astype(f32)
        w1 = np.where((low + 1 >= 0) & (low + 1 < cells + 2), share, 0).astype(f32)
        return pixels, low.clip(0, cells + 1), (low + 1).clip(0, cells + 1), w0, w1
    x, x0, x1, a0, a1 = axis(float(box[0]), float(box[2]), width)
    y, y0, y1, b0, b1 = axis(float(box[1]), float(box[3]), height)
    out = np.zeros((height, width), f32)
    if len(x) and len(y):
        upper, lower = padded[y0], padded[y1]
        values = b0[:, None] * (upper[:, x0] * a0 + upper[:, x1] * a1) + b1[:, None] * (lower[:, x0] * a0 + lower[:, x1] * a1)
        out[y[0] : y[-1] + 1, x[0] : x[-1] + 1] = values
    return out


def runs(masks):
    """Runs of foreground on the column-major pixel sequence, as the engine stores masks."""
    starts, ends, offsets = [], [], [0]
    for mask in masks:
        edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.T.reshape(-1).astype(np.int8), [0]])))
        starts += list(edges[0::2])
        ends += list(edges[1::2])
        offsets.append(len(starts))
    return {name: np.array(value, np.uint32) for name, value in dict(starts=starts, ends=ends, offsets=offsets).items()}


def finish(views, shared, threshold, limit=100):
    heads = [view.boxes(shared) for view in views]
    probabilities, mean_boxes = (np.mean([head[i] for head in heads], 0) for i in (0, 1))
    boxes, scores, labels = detect(probabilities, mean_boxes, threshold, limit)
    soft = np.mean([view.masks(boxes, labels) for view in views], 0)
    height, width = views[0].frame
    masks = runs([paste(soft[i], boxes[i], height, width) > 0.5 for i in range(len(labels))])
    return dict(probabilities=probabilities, decoded_boxes=mean_boxes, boxes=boxes, scores=scores,
                labels=labels.astype(np.int32), roi_masks=soft, **masks)


def save(name, tensors):
    exact = ('starts', 'ends', 'offsets', 'labels')
    save_file({key: np.ascontiguousarray(value if key in exact else value.astype(f32)) for key, value in tensors.items()}, HERE / name)


def main():
    rgb = np.array(Image.open(HERE / 'scene.jpg').convert('RGB'))
    models = {name: Model(name) for name in ('L1', 'L2', 'L3')}
    for name, shorter in (('L1-240', 240), ('L1-128', 128)):
        view = View(models['L1'], rgb, shorter, False)
        boxes, scores = view.proposals()
        found = finish([view], boxes, 0.05)
        found.pop('roi_masks')
        if shorter == 240:
            found.pop('decoded_boxes')
        # Every 17th number keeps the file small and still meets every row, column and plane.
        save(f'{name}.safetensors', dict(input_every_17th=view.input.reshape(-1)[::17],
                                         proposals=boxes, proposal_scores=scores, **found))
    views = [View(models[name], rgb, shorter, flip) for name in models for shorter in (208, 272) for flip in (False, True)]
    pools = [view.proposals() for view in views]
    boxes, scores = (np.concatenate([pool[i] for pool in pools]) for i in (0, 1))
    keep = nms(boxes, scores, 0.7, np.zeros(len(boxes)))[:300]
    save('ensemble.safetensors', dict(proposals=boxes[keep], proposal_scores=scores[keep], **finish(views, boxes[keep], 0.02)))


if __name__ == '__main__':
    main()
