import { deflateSync, inflateSync } from 'node:zlib'
import { addRun, endMask, finishMasks, newMaskBuilder } from './mask-builder.ts'
import { frameArea, selectMasks, sizeText } from './mask-sets.ts'
import { transposeMasks } from './mask-transform.ts'
import type { MaskSet } from './masks.ts'
import { decodeCounts, encodeCounts } from './rle-string.ts'

/** The mask texts of competition files: Open Images (compressed COCO counts) and start–length pairs. */

/** Room asked for at a time: a mask has about 100 bytes, and the 16 KiB that zlib would take cost a quarter of its time. */
const CHUNK_BYTES = 1024

/**
 * Open Images text of one mask: COCO's compressed counts, zlib level 9, standard base64. The frame is not in it.
 * Deflate output differs between zlib builds; the inflated text does not.
 * Source: the encoder published with the Open Images 2019 competition.
 */
export function encodeOpenImagesText(counts: ArrayLike<number>): string {
  return deflateSync(Buffer.from(encodeCounts(counts), 'latin1'), { level: 9, chunkSize: CHUNK_BYTES }).toString(
    'base64',
  )
}

/**
 * COCO counts behind an Open Images text.
 * @throws RangeError when the text is not base64, not zlib, cut, or not a mask of this size.
 */
export function decodeOpenImagesText(text: string, sizeHw: readonly [number, number]): Uint32Array<ArrayBuffer> {
  const packed = Buffer.from(text, 'base64')
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || packed.length === 0 || text.length % 4 !== 0) {
    throw new RangeError(`the mask text is not base64 (${text.length} characters); it may be cut`)
  }
  let inflated: Buffer
  try {
    // A count takes at most 7 characters and, beside the first, covers at least one pixel.
    inflated = inflateSync(packed, {
      maxOutputLength: Math.min(7 * (frameArea(sizeHw) + 2), 2 ** 30),
      chunkSize: CHUNK_BYTES,
    })
  } catch (error) {
    throw new RangeError(`the mask text does not inflate (${(error as Error).message}); it may be cut`, {
      cause: error,
    })
  }
  return decodeCounts(inflated, sizeHw)
}

/** How a start–length text counts pixels. */
export interface StartLengthFormat {
  /** `row-major`: along rows (Sartorius); `column-major`: down columns (iMaterialist, most others). */
  readonly order: 'row-major' | 'column-major'
  /** Number of the first pixel. */
  readonly base: 0 | 1
}

/** Mask `index` as "start length start length …", starts rising; an empty mask is an empty text. */
export function encodeStartLength(masks: MaskSet, index: number, format: StartLengthFormat): string {
  const one = selectMasks(masks, [index])
  const { starts, ends } = format.order === 'row-major' ? transposeMasks(one) : one
  const parts: number[] = []
  for (let run = 0; run < starts.length; run++) parts.push(starts[run]! + format.base, ends[run]! - starts[run]!)
  return parts.join(' ')
}

/**
 * One mask. Pairs must rise and not overlap; touching pairs grow together.
 * @throws RangeError naming the pair: not a number, length under 1, out of the frame, before the end of the last pair.
 */
export function decodeStartLength(text: string, sizeHw: readonly [number, number], format: StartLengthFormat): MaskSet {
  const area = frameArea(sizeHw)
  const words = text.split(/\s+/).filter(word => word !== '')
  if (words.length % 2 === 1) {
    throw new RangeError(`the mask text has ${words.length} numbers; expected pairs of start and length`)
  }
  const rowMajor = format.order === 'row-major'
  const builder = newMaskBuilder(rowMajor ? [sizeHw[1], sizeHw[0]] : sizeHw, words.length / 2)
  let before = 0
  for (let k = 0; k < words.length; k += 2) {
    const pair = `pair ${k / 2 + 1} of the mask text ("${words[k]} ${words[k + 1]}")`
    if (!/^\d{1,12}$/.test(words[k]!) || !/^\d{1,12}$/.test(words[k + 1]!)) {
      throw new RangeError(`${pair} is not two whole numbers`)
    }
    const start = Number(words[k]) - format.base
    const length = Number(words[k + 1])
    if (length < 1) throw new RangeError(`${pair} has no pixel`)
    if (start < 0 || start + length > area) {
      throw new RangeError(`${pair} leaves the ${sizeText(sizeHw)} frame, counting from ${format.base}`)
    }
    if (start < before) throw new RangeError(`${pair} begins before the end of the pair before it`)
    addRun(builder, start, start + length)
    before = start + length
  }
  endMask(builder)
  const masks = finishMasks(builder)
  return rowMajor ? transposeMasks(masks) : masks
}
