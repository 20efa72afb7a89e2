import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { badFile } from '../values/bad-file.ts'
import { numberCell, readCsvRecords } from '../values/csv-records.ts'
import type { ImageRef } from '../values/image.ts'
import { submissionColumns } from '../values/open-images-submission.ts'

interface Params {
  readonly path: PathRef
  readonly join_below_words?: number
}

interface JoinedRow {
  /** Width and height as the rows say them; undefined while they say −1. */
  size: readonly [number, number] | undefined
  readonly words: string[]
}

export const submissionOpenImagesJoin = defineNode<Params, { images: Collection<ImageRef> }>({
  name: 'submission/open-images-join',
  version: 1,
  description:
    'Repairs a submission CSV of Open Images 2019 that has several rows for an image or none: one row for each image, in item order, the predictions of its rows in their order, empty where there were none. Words are not looked into; instances/open-images-csv does that.',
  mode: 'collection',
  lane: 'io',
  partial: 'refuse',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: {
        type: 'string',
        'x-path': 'file',
        description: 'CSV of ImageID,ImageWidth,ImageHeight,PredictionString.',
      },
      join_below_words: {
        type: 'integer',
        minimum: 1,
        description:
          'A further row of an image is only taken while its predictions have fewer words than this, three for each (dfan: 12). Default: all are.',
      },
    },
  },
  inputs: { images: { kind: 'image', per: 'item', description: 'The images that must have a row.' } },
  outputs: { file: { kind: 'file', per: 'collection', extension: 'csv', description: 'The repaired submission.' } },
  example: `
repaired:
  uses: submission/open-images-join
  with: { path: predictions.csv }
  in: { images: images.images }
`,
  run: async ({ images }, params, context) => {
    const { path } = params.path
    const rows = new Map<string, JoinedRow>(images.ids.map(id => [id, { size: undefined, words: [] }]))
    let joined = 0
    let leftOut = 0
    const seen = new Set<string>()
    for await (const { rowNumber, cells } of readCsvRecords(path, submissionColumns)) {
      const row = rows.get(cells.ImageID)
      if (!row) {
        throw badFile(
          path,
          `row ${rowNumber}, column ImageID`,
          `there is no image ${cells.ImageID} at the input images`,
        )
      }
      row.size = agreedSize(path, rowNumber, row, [
        numberCell(path, rowNumber, 'ImageWidth', cells.ImageWidth),
        numberCell(path, rowNumber, 'ImageHeight', cells.ImageHeight),
      ])
      const isFurther = seen.has(cells.ImageID)
      seen.add(cells.ImageID)
      if (isFurther && row.words.length >= (params.join_below_words ?? Number.POSITIVE_INFINITY)) {
        leftOut++
        continue
      }
      if (isFurther) joined++
      for (const word of cells.PredictionString.split(/\s+/)) if (word !== '') row.words.push(word)
    }
    const file = context.scratchFile('csv')
    const text = rowsText(images, rows)
    await pipeline(Readable.from(text), createWriteStream(file), { signal: context.signal })
    const missing = images.ids.length - seen.size
    context.note(`${joined} rows joined to others, ${leftOut} left out, ${missing} images without a row`)
    return { file }
  },
})

/** @throws TaskError when the rows of an image say different sizes. */
function agreedSize(
  path: string,
  rowNumber: number,
  { size }: JoinedRow,
  [width, height]: readonly [number, number],
): JoinedRow['size'] {
  if (width === -1 && height === -1) return size
  if (size && (size[0] !== width || size[1] !== height)) {
    throw badFile(
      path,
      `row ${rowNumber}, column ImageWidth`,
      `the size is ${width} × ${height}, in a row before it ${size[0]} × ${size[1]}`,
    )
  }
  return [width, height]
}

async function* rowsText(images: Collection<ImageRef>, rows: ReadonlyMap<string, JoinedRow>): AsyncGenerator<string> {
  const { stringify } = await import('csv-stringify/sync')
  yield stringify([submissionColumns])
  for await (const { id, value } of images.items) {
    const { size, words } = rows.get(id)!
    const [width, height] = size ?? [value.widthPx, value.heightPx]
    yield stringify([[id, width, height, words.join(' ')]])
  }
}
