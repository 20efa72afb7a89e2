import { createWriteStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { decodeOpenImagesText, encodeOpenImagesText } from '../kernels/mask-text.ts'
import { topK } from '../kernels/order.ts'
import { maskAreas, maskCounts } from '../kernels/rle.ts'
import { badFile } from '../values/bad-file.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { ImageRef } from '../values/image.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { readSubmission, submissionColumns } from '../values/open-images-submission.ts'
import { walkTogether } from '../values/walk-together.ts'

interface Params {
  readonly decimals: number
  readonly empty_rows: 'true-size' | 'minus-one'
  readonly max_per_image?: number
}

interface Inputs {
  readonly instances: Collection<Instances>
  readonly images: Collection<ImageRef>
}

/** What the writer knows of its rows, to be found again in the file. */
interface Written {
  readonly masksOfRow: number[]
  emptyMasks: number
}

export const submissionOpenImages = defineNode<Params, Inputs>({
  name: 'submission/open-images',
  version: 1,
  description:
    'Writes the submission CSV of Open Images 2019: exactly one row for each image, ImageID = item id, in item order, instances in their order. Masks without a pixel are left out. The finished file is read again, every mask decoded, before it counts as done.',
  mode: 'collection',
  lane: 'cpu',
  partial: 'refuse',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      decimals: { type: 'integer', minimum: 1, maximum: 17, default: 6, description: 'Decimals of a score.' },
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
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'What to submit.' },
    images: { kind: 'image', per: 'item', description: 'The images that must have a row.' },
  },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'csv', description: 'The submission.' } },
  example: `
submission:
  uses: submission/open-images
  in: { instances: all.instances, images: images.images }
`,
  types: (_params, context) => {
    const spaced = classesInFacets(context.inputs['instances']?.[0])?.find(({ id }) => /\s/.test(id))
    if (spaced) {
      context.problem({
        input: 'instances',
        message: `the class id ${JSON.stringify(spaced.id)} holds a space; the format separates its words by spaces`,
        fix: 'Use ids without spaces, like the MIDs of Open Images (/m/01yrx).',
      })
    }
    return {}
  },
  run: async ({ instances, images }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const path = context.scratchFile('csv')
    const written: Written = { masksOfRow: [], emptyMasks: 0 }
    await pipeline(
      Readable.from(submissionText(instances, images, classes, params, written)),
      createWriteStream(path),
      { signal: context.signal },
    )
    await verifySubmission(path, images.ids, written.masksOfRow, classes)
    const { size } = await stat(path)
    context.note(describeSubmission(size, written))
    return { file: path }
  },
})

async function* submissionText(
  instances: Collection<Instances>,
  images: Collection<ImageRef>,
  classes: ClassList,
  params: Params,
  written: Written,
): AsyncGenerator<string> {
  const { stringify } = await import('csv-stringify/sync')
  yield stringify([submissionColumns])
  for await (const { id, first, second } of walkTogether(instances, 'instances', images, 'images')) {
    const [height, width] = first.sizeHw
    if (second.widthPx !== width || second.heightPx !== height) {
      throw new TaskError({
        code: 'bad-value',
        message: `the instances of ${id} live in a ${width} × ${height} frame, the image is ${second.widthPx} × ${second.heightPx}`,
        fix: 'Masks must be in the frame of the original image.',
      })
    }
    checkLabels(first.labels, classes, `item ${id}`)
    const chosen = chooseInstances(first, params, written)
    const predictions = chosen.map(index => {
      const text = encodeOpenImagesText(maskCounts(first.masks, index))
      return `${classes[first.labels[index]!]!.id} ${first.scores[index]!.toFixed(params.decimals)} ${text}`
    })
    written.masksOfRow.push(chosen.length)
    const size = chosen.length === 0 && params.empty_rows === 'minus-one' ? [-1, -1] : [width, height]
    yield stringify([[id, ...size, predictions.join(' ')]])
  }
}

function chooseInstances(instances: Instances, { max_per_image: max }: Params, written: Written): number[] {
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

/** @throws TaskError unless the file has one row for each id, in order, and all its masks decode at their row's size. */
async function verifySubmission(
  path: string,
  ids: readonly string[],
  masksOfRow: readonly number[],
  classes: ClassList,
): Promise<void> {
  const known = new Set(classes.map(({ id }) => id))
  let row = 0
  for await (const { rowNumber, imageId, widthPx, heightPx, predictions } of readSubmission(path)) {
    const where = `row ${rowNumber}`
    if (imageId !== ids[row]) throw badFile(path, where, `was written for ${ids[row]} and reads back as ${imageId}`)
    if (predictions.length !== masksOfRow[row]) {
      throw badFile(path, where, `was written with ${masksOfRow[row]} masks and reads back with ${predictions.length}`)
    }
    for (const [index, { classId, maskText }] of predictions.entries()) {
      if (!known.has(classId)) throw badFile(path, where, `mask ${index} reads back with the class ${classId}`)
      try {
        decodeOpenImagesText(maskText, [heightPx, widthPx])
      } catch (error) {
        throw badFile(
          path,
          where,
          `mask ${index} does not read back: ${error instanceof Error ? error.message : error}`,
        )
      }
    }
    row++
  }
  if (row !== ids.length) throw badFile(path, undefined, `has ${row} rows for ${ids.length} images`)
}

function describeSubmission(sizeBytes: number, { masksOfRow, emptyMasks }: Written): string {
  const sorted = Float64Array.from(masksOfRow).sort()
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0
  const dropped = emptyMasks === 0 ? '' : `; ${emptyMasks} masks without a pixel left out`
  return `submission of ${masksOfRow.length} rows, ${sizeBytes} bytes, masks per image ${at(0)} / ${at(0.5)} / ${at(1)} (min / median / max)${dropped}`
}
