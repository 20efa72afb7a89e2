import { basename, join } from 'node:path'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Collection, PathRef } from '../../engine/contract/node.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { decodeOpenImagesText } from '../kernels/mask-text.ts'
import { countsToMaskSet, maskBoxesXyxy } from '../kernels/rle.ts'
import { badFile } from '../values/bad-file.ts'
import { classesInFacets, labelsById } from '../values/class-lists.ts'
import type { Classes } from '../values/classes.ts'
import { coveredFiles } from '../values/covered-files.ts'
import type { ImageRef } from '../values/image.ts'
import type { Instances } from '../values/instances.ts'
import { readSubmission, type SubmissionRow } from '../values/open-images-submission.ts'

interface Params {
  readonly path?: PathRef
  readonly paths?: readonly PathRef[]
  readonly folder?: PathRef
}

interface Inputs {
  readonly classes: Classes
  readonly images?: Collection<ImageRef>
}

type SizeHw = readonly [number, number]

export const instancesOpenImagesCsv = defineNode<Params, Inputs>({
  name: 'instances/open-images-csv',
  version: 1,
  description:
    'Reads predictions from a submission CSV of Open Images 2019: one item for each row, its id the ImageID. Boxes are those of the masks. A byte order mark, CRLF and scores like 1e-05 are fine.',
  mode: 'scatter',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      path: {
        type: 'string',
        'x-path': 'file',
        description: 'CSV of ImageID,ImageWidth,ImageHeight,PredictionString.',
      },
      paths: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        'x-path': 'file',
        description: 'Several of them instead, as one: the shards of a test list.',
      },
      folder: {
        type: 'string',
        'x-path': 'folder',
        'x-files': ['**/*.csv'],
        description: 'All CSVs of a folder instead.',
      },
    },
  },
  inputs: {
    classes: { kind: 'classes', per: 'collection', description: 'The classes that may occur; met by id.' },
    images: {
      kind: 'image',
      per: 'item',
      optional: true,
      description: 'Gives the sizes of rows that are written as −1 × −1; other rows must agree with it.',
    },
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The predictions of a row, in its order.' } },
  example: `
theirs:
  uses: instances/open-images-csv
  with: { path: submission.csv }
  in: { classes: classes.classes, images: images.images }
`,
  types: (params, context) => {
    if (sourcesOf(params).length !== 1) {
      context.problem({ message: 'expected one of `path`, `paths` and `folder`', fix: 'say where the CSV is' })
    }
    const classes = classesInFacets(context.inputs['classes']?.[0])
    return classes ? { instances: { classes } } : {}
  },
  run: async function* ({ classes: { classes }, images }, params) {
    const labels = labelsById(classes)
    const sizes = images && (await sizesOf(images))
    const rowOf = new Map<string, string>()
    for (const path of await filesOf(params)) {
      for await (const row of readSubmission(path)) {
        const where = `row ${row.rowNumber}, column ImageID`
        const twin = rowOf.get(row.imageId)
        if (twin !== undefined) throw badFile(path, where, `${row.imageId} is in ${twin} already`)
        rowOf.set(row.imageId, `row ${row.rowNumber}${params.path ? '' : ` of ${basename(path)}`}`)
        yield { id: row.imageId, outputs: { instances: toInstances(path, row, labels, frameOf(path, row, sizes)) } }
      }
    }
  },
})

function sourcesOf({ path, paths, folder }: Params): readonly unknown[] {
  return [path, paths, folder].filter(source => source !== undefined)
}

/** In the order of writing, or of their names. */
async function filesOf({ path, paths, folder }: Params): Promise<readonly string[]> {
  if (path) return [path.path]
  if (paths) return paths.map(one => one.path)
  if (!folder) throw new TaskError({ code: 'bad-value', message: 'expected one of path, paths and folder' })
  return (await coveredFiles(folder.path, '.csv')).map(name => join(folder.path, name))
}

async function sizesOf(images: Collection<ImageRef>): Promise<Map<string, SizeHw>> {
  const sizes = new Map<string, SizeHw>()
  for await (const { id, value } of images.items) sizes.set(id, [value.heightPx, value.widthPx])
  return sizes
}

function frameOf(path: string, row: SubmissionRow, sizes: ReadonlyMap<string, SizeHw> | undefined): SizeHw {
  const { rowNumber, imageId, widthPx, heightPx } = row
  const known = sizes?.get(imageId)
  if (widthPx === -1 || heightPx === -1) {
    if (known && row.predictions.length === 0) return known
    const message = `the size of ${imageId} is ${widthPx} × ${heightPx}`
    if (row.predictions.length > 0) throw badFile(path, `row ${rowNumber}`, `${message}, but it has masks`)
    throw badFile(
      path,
      `row ${rowNumber}`,
      sizes ? `${message}, and there is no image ${imageId} at the input images` : message,
      sizes ? undefined : 'Feed the images to the input images; they know their sizes.',
    )
  }
  if (known && (known[0] !== heightPx || known[1] !== widthPx)) {
    throw badFile(
      path,
      `row ${rowNumber}`,
      `${imageId} is ${widthPx} × ${heightPx} here, the image is ${known[1]} × ${known[0]}`,
    )
  }
  return [heightPx, widthPx]
}

function toInstances(path: string, row: SubmissionRow, labels: ReadonlyMap<string, number>, sizeHw: SizeHw): Instances {
  const counts = row.predictions.map(({ classId, maskText }, index) => {
    const where = `row ${row.rowNumber} (${row.imageId}), column PredictionString, prediction ${index + 1}`
    if (!labels.has(classId)) {
      throw badFile(path, where, `there is no class ${classId} among the ${labels.size} at the input classes`)
    }
    try {
      return decodeOpenImagesText(maskText, sizeHw)
    } catch (error) {
      if (error instanceof RangeError) throw badFile(path, where, error.message)
      throw error
    }
  })
  const masks = countsToMaskSet(counts, sizeHw)
  return {
    sizeHw,
    boxesXyxy: maskBoxesXyxy(masks),
    scores: Float64Array.from(row.predictions, ({ score }) => score),
    labels: Int32Array.from(row.predictions, ({ classId }) => labels.get(classId)!),
    masks,
  }
}
