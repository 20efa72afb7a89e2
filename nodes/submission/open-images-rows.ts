import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Collection } from '../../engine/contract/node.ts'
import { encodeOpenImagesText } from '../kernels/mask-text.ts'
import { topK } from '../kernels/order.ts'
import { maskAreas, maskCounts } from '../kernels/rle.ts'
import { fixedText, pythonText } from '../kernels/score-text.ts'
import type { ClassList } from '../values/classes.ts'
import { csvCell } from '../values/csv-records.ts'
import type { ImageRef } from '../values/image.ts'
import { checkLabels } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { submissionColumns } from '../values/open-images-submission.ts'
import { walkTogether } from '../values/walk-together.ts'

/** How the rows of a submission are written. */
export interface RowParams {
  readonly decimals: number
  readonly scores: 'fixed' | 'shortest'
  readonly empty_rows: 'true-size' | 'minus-one'
  readonly max_per_image?: number
}

export const rowParams = {
  decimals: { type: 'integer', minimum: 1, maximum: 17, default: 6, description: 'Decimals of a score.' },
  scores: {
    enum: ['fixed', 'shortest'],
    default: 'fixed',
    description:
      'fixed: with the decimals asked for, ties to the even digit like Python’s %.6f. shortest: the fewest digits that read back as the same number, as Python’s str prints them (1.0, 1.2e-05); decimals do not count then.',
  },
  empty_rows: {
    enum: ['true-size', 'minus-one'],
    default: 'true-size',
    description:
      'Size written for an image without instances: its own, or −1 × −1 as in the sample submission of the competition.',
  },
  max_per_image: {
    type: 'integer',
    minimum: 1,
    description: 'Only the best-scored instances of an image (ties: the earlier). Default: all.',
  },
} as const

/** What the writer knows of its rows. */
export interface Written {
  readonly masksOfRow: number[]
  emptyMasks: number
}

export interface SubmissionText {
  readonly id: string
  readonly text: string
}

/** The first line of the file, with its line end. */
export const submissionHeader = `${submissionColumns.join()}\n`

/**
 * A line for each item, with its line end, in item order.
 * @param images when given, must be the same items, of the same size.
 */
export async function* submissionRows(
  instances: Collection<Instances>,
  images: Collection<ImageRef> | undefined,
  classes: ClassList,
  params: RowParams,
  written: Written,
): AsyncGenerator<SubmissionText> {
  if (!images) {
    for await (const { id, value } of instances.items) yield rowOf(id, value, classes, params, written)
    return
  }
  for await (const { id, first, second } of walkTogether(instances, 'instances', images, 'images')) {
    const [height, width] = first.sizeHw
    if (second.widthPx !== width || second.heightPx !== height) {
      throw new TaskError({
        code: 'bad-value',
        message: `the instances of ${id} live in a ${width} × ${height} frame, the image is ${second.widthPx} × ${second.heightPx}`,
        fix: 'Masks must be in the frame of the original image.',
      })
    }
    yield rowOf(id, first, classes, params, written)
  }
}

function rowOf(
  id: string,
  instances: Instances,
  classes: ClassList,
  params: RowParams,
  written: Written,
): SubmissionText {
  const [height, width] = instances.sizeHw
  checkLabels(instances.labels, classes, `item ${id}`)
  const chosen = chooseInstances(instances, params, written)
  const textOfMask = maskTexts(instances)
  const predictions = chosen.map(index => {
    const score = instances.scores[index]!
    const scoreText = params.scores === 'shortest' ? pythonText(score) : fixedText(score, params.decimals)
    return `${classes[instances.labels[index]!]!.id} ${scoreText} ${textOfMask(index)}`
  })
  written.masksOfRow.push(chosen.length)
  const size = chosen.length === 0 && params.empty_rows === 'minus-one' ? [-1, -1] : [width, height]
  return { id, text: `${csvCell(id)},${size.join()},${predictions.join(' ')}\n` }
}

/** Texts of masks; a mask that lies there several times (copies for ancestors) is packed once. */
function maskTexts({ masks }: Instances): (index: number) => string {
  const known = new Map<string, { readonly index: number; readonly text: string }[]>()
  const { starts, ends, offsets } = masks
  const same = (a: number, b: number) => {
    const length = offsets[a + 1]! - offsets[a]!
    if (length !== offsets[b + 1]! - offsets[b]!) return false
    for (let k = 0; k < length; k++) {
      if (starts[offsets[a]! + k] !== starts[offsets[b]! + k] || ends[offsets[a]! + k] !== ends[offsets[b]! + k]) {
        return false
      }
    }
    return true
  }
  return index => {
    const hint = `${offsets[index + 1]! - offsets[index]!} ${starts[offsets[index]!]}`
    const twins = known.get(hint)
    const twin = twins?.find(other => same(other.index, index))
    if (twin) return twin.text
    const text = encodeOpenImagesText(maskCounts(masks, index))
    if (twins) twins.push({ index, text })
    else known.set(hint, [{ index, text }])
    return text
  }
}

function chooseInstances(instances: Instances, { max_per_image: max }: RowParams, written: Written): number[] {
  const areasPx = maskAreas(instances.masks)
  const filled = [...areasPx.keys()].filter(index => areasPx[index]! > 0)
  written.emptyMasks += areasPx.length - filled.length
  if (max === undefined || filled.length <= max) return filled
  const best = topK(
    Float64Array.from(filled, index => instances.scores[index]!),
    max,
  )
  return Array.from(best.sort(), position => filled[position]!)
}

/** "submission of 24 rows, 20000 bytes, masks per image 4 / 7 / 9 (min / median / max)". */
export function describeSubmission(sizeBytes: number, { masksOfRow, emptyMasks }: Written): string {
  const sorted = Float64Array.from(masksOfRow).sort()
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const dropped = emptyMasks === 0 ? '' : `; ${emptyMasks} masks without a pixel left out`
  return `submission of ${masksOfRow.length} rows, ${sizeBytes} bytes, masks per image ${at(0)} / ${at(0.5)} / ${at(1)} (min / median / max)${dropped}`
}
