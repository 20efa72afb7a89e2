/**
 * Which feature map of a pyramid a region of interest is read from, by its size.
 *
 * | convention | level (0 = finest of 4, strides 4 … 32) |
 * |---|---|
 * | `torchvision` (0.2x) | floor(4 + log2(√area / 224) + 1e-6) − 2 |
 * | `detectron2` | floor(4 + log2(√area / 224 + 1e-8)) − 2 |
 * | `mmdetection` | floor(log2(√area / 56 + 1e-6)) |
 *
 * all capped to 0 … levels − 1. They differ only for boxes within rounding of 112, 224 or 448 px, and for boxes without
 * area, which go to level 0. float32 as in the originals.
 */
export type LevelConvention = 'torchvision' | 'detectron2' | 'mmdetection'

/** [N] level of each box. */
export function assignLevels(
  boxesXyxy: Float64Array | Float32Array,
  levels: number,
  convention: LevelConvention,
): Uint8Array {
  const out = new Uint8Array(boxesXyxy.length / 4)
  for (let i = 0; i < out.length; i++) {
    const width = Math.fround(Math.fround(boxesXyxy[4 * i + 2]!) - Math.fround(boxesXyxy[4 * i]!))
    const height = Math.fround(Math.fround(boxesXyxy[4 * i + 3]!) - Math.fround(boxesXyxy[4 * i + 1]!))
    const size = Math.fround(Math.sqrt(Math.fround(width * height)))
    const level = Math.floor(exactLevel(size, convention))
    out[i] = Math.max(0, Math.min(levels - 1, Number.isNaN(level) ? 0 : level))
  }
  return out
}

function exactLevel(size: number, convention: LevelConvention): number {
  const f = Math.fround
  switch (convention) {
    case 'torchvision':
      return f(f(f(4 + f(Math.log2(f(size / 224)))) + f(1e-6)) - 2)
    case 'detectron2':
      return f(f(4 + f(Math.log2(f(f(size / 224) + f(1e-8))))) - 2)
    case 'mmdetection':
      return f(Math.log2(f(f(size / 56) + f(1e-6))))
  }
}
