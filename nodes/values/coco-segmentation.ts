import type { MaskSet } from '../kernels/masks.ts'
import { polygonsToMask } from '../kernels/polygon.ts'
import { countsToMaskSet } from '../kernels/rle.ts'
import { decodeCounts } from '../kernels/rle-string.ts'
import { isRecord } from './bad-file.ts'

/**
 * The three forms of COCO's `segmentation` as one mask: a list of polygons (united), run lengths as numbers, run lengths
 * as compressed text. A polygon needs three corners: pycocotools takes four numbers for a box, which nobody means.
 * @throws RangeError saying what is wrong with it, without place.
 */
export function segmentationToMask(segmentation: unknown, sizeHw: readonly [number, number]): MaskSet {
  if (Array.isArray(segmentation)) return polygonsToMask(segmentation.map(checkedPolygon), sizeHw)
  if (!isRecord(segmentation)) throw new RangeError('segmentation is neither a list of polygons nor run lengths')
  const { counts } = segmentation
  const sizeProblem = segmentationSizeProblem(segmentation, sizeHw)
  if (sizeProblem !== undefined) throw new RangeError(sizeProblem)
  if (typeof counts === 'string') return countsToMaskSet([decodeCounts(counts, sizeHw)], sizeHw)
  if (Array.isArray(counts) && counts.every(count => typeof count === 'number')) {
    return oneMask(counts, sizeHw)
  }
  throw new RangeError('segmentation.counts is neither a text nor a list of numbers')
}

/** What is wrong with the size that run lengths state; polygons state none. */
export function segmentationSizeProblem(segmentation: unknown, sizeHw: readonly [number, number]): string | undefined {
  if (!isRecord(segmentation)) return undefined
  const { size } = segmentation
  if (Array.isArray(size) && size[0] === sizeHw[0] && size[1] === sizeHw[1]) return undefined
  return `segmentation.size is ${JSON.stringify(size)}; the picture is [${sizeHw.join(', ')}] (height, width)`
}

function oneMask(counts: readonly number[], sizeHw: readonly [number, number]): MaskSet {
  try {
    return countsToMaskSet([counts], sizeHw)
  } catch (error) {
    // Whoever asked knows which mask it is.
    if (error instanceof RangeError) throw new RangeError(error.message.replace(/^mask 0: /, ''), { cause: error })
    throw error
  }
}

function checkedPolygon(polygon: unknown, index: number): readonly number[] {
  if (!Array.isArray(polygon) || !polygon.every(value => typeof value === 'number')) {
    throw new RangeError(`polygon ${index} is not a list of numbers`)
  }
  if (polygon.length < 6 || polygon.length % 2 !== 0) {
    throw new RangeError(`polygon ${index} has ${polygon.length} numbers; expected x, y of at least three corners`)
  }
  return polygon
}
