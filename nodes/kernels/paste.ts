import { endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import type { MaskSet } from './masks.ts'
import { pasteAligned } from './paste-aligned.ts'
import { pasteGridSample } from './paste-grid-sample.ts'
import { letterboxOf, pasteLetterbox } from './paste-letterbox.ts'
import { addRegion, type Binarise, type SoftRegion } from './paste-region.ts'
import { pasteKeras, pasteMmdet1, pastePadded } from './paste-resized.ts'

/**
 * Soft M × M masks into frames, in the ways published programs do it.
 *
 * | convention | box | resampling | usual test |
 * |---|---|---|---|
 * | `aligned` | as it is, half-open | bilinear at pixel centres, float64 coordinates | > |
 * | `detectron2` (mmdetection 2) | the same | the same in float32 (`grid_sample`) | ≥ |
 * | `torchvision` | ring of zeros, grown, cut to whole pixels, inclusive | torch bilinear | > |
 * | `maskrcnn-benchmark` | the same | the same | > |
 * | `mmdet1` | cut to whole pixels, inclusive | OpenCV bilinear | > |
 * | `keras` | cut to whole pixels, half-open | OpenCV bilinear | > |
 * | `letterbox` (dfan) | rounded, inclusive, in the black square the network saw | OpenCV bilinear twice | > |
 *
 * `aligned` with another test than > or with levels is computed as `detectron2`.
 */
export type PasteConvention =
  | 'aligned'
  | 'detectron2'
  | 'torchvision'
  | 'maskrcnn-benchmark'
  | 'mmdet1'
  | 'keras'
  | 'letterbox'

export interface PasteOptions {
  readonly convention: PasteConvention
  readonly threshold: number
  /** Default: the usual test of the convention. */
  readonly comparison?: '>' | '>='
  /** Default `none`. See `Binarise`. */
  readonly quantise?: Binarise['quantise']
  /** Side of the square for `letterbox`, whose boxes are in the square's pixels; default 1024. */
  readonly squarePx?: number
}

/**
 * @param roiMasks [N · M · M] row-major probabilities.
 * @param boxesXyxy [4N]. For the inclusive conventions x2 and y2 are the last pixel, as their networks give them.
 */
export function pasteMasks(
  roiMasks: Float32Array,
  maskSizePx: number,
  boxesXyxy: Float64Array,
  sizeHw: readonly [number, number],
  options: PasteOptions,
): MaskSet {
  const { convention, threshold, quantise = 'none' } = options
  const comparison = options.comparison ?? (convention === 'detectron2' ? '>=' : '>')
  if (convention === 'aligned' && comparison === '>' && quantise === 'none') {
    return pasteAligned(roiMasks, maskSizePx, boxesXyxy, sizeHw, threshold)
  }
  const builder = newMaskBuilder(sizeHw)
  for (let i = 0; 4 * i < boxesXyxy.length; i++) {
    const region = pasteSoft(roiMasks, maskSizePx, boxesXyxy, i, sizeHw, options)
    if (region !== undefined) addRegion(builder, region, { threshold, comparison, quantise })
    endMask(builder)
  }
  return finishMasks(builder)
}

/** Mask `index` before the test; undefined where nothing of it can be seen. */
export function pasteSoft(
  roiMasks: Float32Array,
  maskSizePx: number,
  boxesXyxy: Float64Array,
  index: number,
  sizeHw: readonly [number, number],
  options: Pick<PasteOptions, 'convention' | 'squarePx'>,
): SoftRegion | undefined {
  const cells = maskSizePx * maskSizePx
  const roiMask = roiMasks.subarray(index * cells, (index + 1) * cells)
  const box = [
    boxesXyxy[4 * index]!,
    boxesXyxy[4 * index + 1]!,
    boxesXyxy[4 * index + 2]!,
    boxesXyxy[4 * index + 3]!,
  ] as const
  switch (options.convention) {
    case 'aligned':
    case 'detectron2':
      return pasteGridSample(roiMask, maskSizePx, box, sizeHw)
    case 'torchvision':
    case 'maskrcnn-benchmark':
      return pastePadded(roiMask, maskSizePx, box, sizeHw)
    case 'mmdet1':
      return pasteMmdet1(roiMask, maskSizePx, box, sizeHw)
    case 'keras':
      return pasteKeras(roiMask, maskSizePx, box, sizeHw)
    case 'letterbox':
      return pasteLetterbox(roiMask, maskSizePx, box, sizeHw, letterboxOf(sizeHw, options.squarePx ?? 1024))
  }
}
