import { gunzipSync } from 'node:zlib'
import type { CocoImage } from '../../nodes/kernels/coco-eval.ts'
import type { MaskSet } from '../../nodes/kernels/masks.ts'
import { readGolden } from './golden.ts'

/** One annotation or result of a COCO file. */
interface Entry {
  readonly id: number
  readonly image_id: number
  readonly category_id: number
  readonly score: number
  readonly iscrowd: number
  readonly ignore?: number
  readonly area: number
  readonly bbox: readonly [number, number, number, number]
  readonly counts: readonly number[]
}

export interface CocoExpected {
  readonly stats: number[]
  readonly precision: string
  readonly recall: string
  readonly scores: string
}

export interface CocoCase {
  readonly images: readonly { readonly id: number }[]
  readonly categories: readonly number[]
  readonly annotations: readonly Entry[]
  readonly results: readonly Entry[]
  readonly resultsHaveBoxes: boolean
  readonly bbox: CocoExpected
  readonly segm: CocoExpected
  readonly pooled: CocoExpected
}

/** A data set of `test/golden/coco-eval` with what pycocotools made of it. */
export function readCocoCase(name: string): CocoCase {
  return readGolden<CocoCase>(`coco-eval/${name}.json.gz`)
}

/** Gzip-compressed little-endian float64 in base64. */
export function unpackDoubles(text: string): Float64Array {
  const bytes = gunzipSync(Buffer.from(text, 'base64'))
  return new Float64Array(new Uint8Array(bytes).buffer)
}

function masksOf(entries: readonly Entry[]): MaskSet {
  const starts: number[] = []
  const ends: number[] = []
  const offsets = [0]
  for (const { counts } of entries) {
    let at = 0
    counts.forEach((count, index) => {
      if (index % 2 === 1 && count > 0) {
        starts.push(at)
        ends.push(at + count)
      }
      at += count
    })
    offsets.push(starts.length)
  }
  return {
    sizeHw: [96, 128],
    starts: Uint32Array.from(starts),
    ends: Uint32Array.from(ends),
    offsets: Uint32Array.from(offsets),
  }
}

function boxesOf(entries: readonly Entry[]): Float64Array {
  return Float64Array.from(entries.flatMap(({ bbox: [x, y, w, h] }) => [x, y, x + w, y + h]))
}

/** The images in order of their ids, as the evaluator takes them; labels are positions among the categories. */
export function cocoImages(data: CocoCase): CocoImage[] {
  const labelOf = (entry: Entry) => data.categories.indexOf(entry.category_id)
  return data.images.map(({ id }) => {
    const truth = data.annotations.filter(entry => entry.image_id === id)
    const found = data.results.filter(entry => entry.image_id === id)
    return {
      truth: {
        labels: Int32Array.from(truth, labelOf),
        areasPx: Float64Array.from(truth, entry => entry.area),
        boxesXyxy: boxesOf(truth),
        masks: masksOf(truth),
        crowd: Uint8Array.from(truth, entry => entry.iscrowd),
        ignore: Uint8Array.from(truth, entry => entry.ignore ?? 0),
        ids: truth.map(entry => entry.id),
      },
      detections: {
        labels: Int32Array.from(found, labelOf),
        scores: Float64Array.from(found, entry => entry.score),
        ...(data.resultsHaveBoxes && { boxesXyxy: boxesOf(found) }),
        masks: masksOf(found),
      },
    }
  })
}
