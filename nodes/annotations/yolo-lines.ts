import type { MaskSet } from '../kernels/masks.ts'
import { boxToMask, polygonToMask } from '../kernels/polygon.ts'
import { badFile } from '../values/bad-file.ts'

/** One line of a label file of YOLO. */
export interface YoloObject {
  readonly label: number
  readonly mask: MaskSet
}

/** Coordinates may be this much outside the picture: labelling tools round. */
const SLACK_SHARE = 0.01

/**
 * Reads `class x1 y1 x2 y2 …`, shares of width and height, of at least three corners; drawn as pycocotools draws polygons.
 * @param withoutMask what becomes of `class x y width height`, a box by its centre.
 * @throws TaskError naming the line.
 */
export function readYoloLine(
  line: string,
  sizeHw: readonly [number, number],
  classCount: number,
  withoutMask: 'refuse' | 'box',
  path: string,
  where: string,
): YoloObject {
  const [word = '', ...words] = line.split(/\s+/)
  const label = yoloLabel(word, classCount, path, where)
  const shares = words.map(text => {
    const value = Number(text)
    if (Number.isFinite(value)) return value
    throw badFile(path, where, `${JSON.stringify(text)} is no number`)
  })
  const outside = shares.find(share => share < -SLACK_SHARE || share > 1 + SLACK_SHARE)
  if (outside !== undefined) {
    const fix = 'divide x by the width and y by the height of the picture'
    throw badFile(path, where, `${outside} is no share of the picture; expected 0 to 1`, fix)
  }
  const [height, width] = sizeHw
  if (shares.length === 4 && withoutMask === 'box') {
    const [x, y, w, h] = shares as [number, number, number, number]
    return { label, mask: boxToMask([(x - w / 2) * width, (y - h / 2) * height, w * width, h * height], sizeHw) }
  }
  if (shares.length < 6 || shares.length % 2 !== 0) {
    const message = `has ${shares.length} numbers after the class; expected x and y of at least three corners`
    throw badFile(path, where, message, shares.length === 4 ? 'without_mask: box  takes boxes as masks' : undefined)
  }
  const mask = polygonToMask(
    shares.map((share, i) => share * (i % 2 === 0 ? width : height)),
    sizeHw,
  )
  return { label, mask }
}

/** @throws TaskError unless the first word of a line is the number of a class. */
export function yoloLabel(word: string, classCount: number, path: string, where: string): number {
  const label = /^\d+$/.test(word) ? Number(word) : Number.NaN
  if (label < classCount) return label
  throw badFile(
    path,
    where,
    `the class is ${JSON.stringify(word)}; expected a whole number from 0 to ${classCount - 1}`,
  )
}
