import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import { annotationsOpenImages } from '../../nodes/annotations/open-images.ts'
import { readLvisLists } from '../../nodes/evaluate/lvis-lists.ts'
import { hierarchyOpenImages } from '../../nodes/hierarchy/open-images.ts'
import { imagesFolder } from '../../nodes/images/folder.ts'
import { instancesFromLabelMap } from '../../nodes/instances/from-label-map.ts'
import { instancesOpenImagesCsv } from '../../nodes/instances/open-images-csv.ts'
import { encodeOpenImagesText } from '../../nodes/kernels/mask-text.ts'
import { encodeCounts } from '../../nodes/kernels/rle-string.ts'
import { hierarchyKind } from '../../nodes/values/hierarchy.ts'
import { imageKind } from '../../nodes/values/image.ts'
import { instancesKind } from '../../nodes/values/instances.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import { weightsKind } from '../../nodes/values/weights.ts'
import { weightsFile } from '../../nodes/weights/file.ts'
import { classesOf, collectionOf, scatter } from '../helpers/collections.ts'
import { runNode, testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

/** Source files with one thing wrong in them, and with anything wrong in them. */

const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))

function file(name: string, content: string | Uint8Array): { readonly path: string; readonly sha256: string } {
  const path = join(folder, name)
  writeFileSync(path, content)
  return { path, sha256: sha256(content) }
}

const itemFile = (name: string, content: Uint8Array) => ({ ...file(name, content), sizeBytes: content.length })

/** Reads a file with this content and holds what comes of it to the rules of its kinds. */
type Read = (content: Uint8Array) => Promise<void>

const readCoco: Read = async content => {
  const params = withDefaults(annotationsCoco, { path: file('truth.json', content) })
  for (const { outputs } of await scatter(annotationsCoco, {}, params, testRun())) {
    instancesKind.encode(outputs['instances'] as never)
  }
}

const classes = classesOf('/m/cat', '/m/dog')
const images = collectionOf({
  a: { sha256: '0'.repeat(64), widthPx: 5, heightPx: 4, channels: 3, bitDepth: 8, format: 'png' },
})

const readSubmissionCsv: Read = async content => {
  const params = { path: file('theirs.csv', content) }
  for (const { outputs } of await scatter(instancesOpenImagesCsv, { classes }, params, testRun())) {
    instancesKind.encode(outputs['instances'] as never)
  }
}

const maskPng = await sharp(
  Uint8Array.from({ length: 20 }, (_, k) => (k % 3 === 0 ? 255 : 0)),
  {
    raw: { width: 5, height: 4, channels: 1 },
  },
)
  .png()
  .toBuffer()

async function readOpenImages(masksCsv: Uint8Array, picture: Uint8Array = maskPng): Promise<void> {
  file('mask.png', picture)
  const params = withDefaults(annotationsOpenImages, {
    masks: file('masks.csv', masksCsv),
    mask_folder: { path: folder, sha256: '' },
  })
  for (const { outputs } of await scatter(annotationsOpenImages, { images, classes }, params, testRun())) {
    instancesKind.encode(outputs['instances'] as never)
  }
}

async function readHierarchy(hierarchy: Uint8Array, descriptions: Uint8Array): Promise<void> {
  const params = { hierarchy: file('hierarchy.json', hierarchy), descriptions: file('classes.csv', descriptions) }
  const outputs = await runNode(hierarchyOpenImages, {}, params)
  hierarchyKind.encode(outputs['hierarchy'] as never)
}

const readLabels: Read = async content => {
  const params = withDefaults(instancesFromLabelMap, { class_id: 'cell' })
  const outputs = await runNode(instancesFromLabelMap, { file: itemFile('labels.png', content) }, params)
  instancesKind.encode(outputs['instances'] as never)
}

/** Header first, then all pixels. */
const readPicture: Read = async content => {
  const source = itemFile('photo.png', content)
  const { images: ref } = await runNode(imagesFolder, { file: source }, withDefaults(imagesFolder, {}))
  imageKind.encode(ref as never)
  await readRgb(ref as never, { sourcePath: () => source.path })
}

const readLists: Read = async content => {
  const { path } = file('lvis.json', content)
  readLvisLists(path, content, 'stem', 'name')
}

const readWeights: Read = async content => {
  const { weights } = await runNode(weightsFile, {}, { path: file('weights.json', content) })
  weightsKind.encode(weights as never)
}

const utf8 = (text: string) => new TextEncoder().encode(text)
const json = (document: unknown) => utf8(JSON.stringify(document))

const cocoFile = (annotation: object) => ({
  images: [{ id: 7, file_name: 'a/one.jpg', width: 5, height: 4 }],
  categories: [{ id: 2, name: 'cat' }],
  annotations: [{ id: 31, image_id: 7, category_id: 2, bbox: [1, 1, 3, 2], iscrowd: 0, area: 4, ...annotation }],
})
const square = { segmentation: [[1, 1, 1, 3, 3, 3, 3, 1]] }
const where = 'truth.json, annotation 31 of a/one.jpg: '

describe('annotations/coco', () => {
  it.each<[string, object, string]>([
    [
      'counts that add up to less',
      { segmentation: { size: [4, 5], counts: [3, 4] } },
      'the counts add up to 7; a 4 x 5',
    ],
    ['counts that add up to more', { segmentation: { size: [4, 5], counts: [3, 90] } }, 'the counts add up to 93'],
    ['a negative count', { segmentation: { size: [4, 5], counts: [3, -4, 21] } }, 'count 1 is -4'],
    ['half a pixel', { segmentation: { size: [4, 5], counts: [2.5, 17.5] } }, 'count 0 is 2.5'],
    ['a cut text', { segmentation: { size: [4, 5], counts: '6230' } }, 'the runs of the mask text add up to'],
    [
      'a text cut inside a number',
      { segmentation: { size: [4, 5], counts: '62P' } },
      'the mask text is cut: it ends inside the number',
    ],
    [
      'a character of no text',
      { segmentation: { size: [4, 5], counts: '62!' } },
      'character 2 of the mask text is "!"',
    ],
    [
      'masks of another size',
      { segmentation: { size: [5, 4], counts: [20] } },
      'segmentation.size is [5,4]; the picture is [4, 5] (height, width)',
    ],
    ['a negative size', { segmentation: { size: [-4, -5], counts: [20] } }, 'segmentation.size is [-4,-5]'],
    ['two corners', { segmentation: [[1, 1, 3, 3]] }, 'polygon 0 has 4 numbers'],
    ['an odd number of numbers', { segmentation: [[1, 1, 3, 3, 1, 3, 9]] }, 'polygon 0 has 7 numbers'],
    ['a corner that is a text', { segmentation: [[1, 1, '3', 3, 1, 3]] }, 'polygon 0 is not a list of numbers'],
    ['a negative box', { ...square, bbox: [1, 1, -3, 2] }, 'bbox is [1,1,-3,2]'],
    [
      'a box outside the image',
      { ...square, bbox: [50, 1, 3, 2] },
      'bbox [50,1,3,2] lies outside the picture of 5 × 4',
    ],
    ['a negative area', { ...square, area: -1 }, 'area is -1'],
    ['an unknown category', { ...square, category_id: 9 }, 'there is no category 9'],
  ])('names the annotation and the image: %s', async (_what, annotation, message) => {
    await expect(readCoco(json(cocoFile(annotation)))).rejects.toThrow(where + message)
  })

  it('takes corners far outside without drawing the way there', async () => {
    const far = 1e300
    await readCoco(json(cocoFile({ segmentation: [[-far, -far, far, -far, far, far, -far, far]] })))
    await readCoco(json(cocoFile({ segmentation: [[0, 0, 4e9, 3, 4e9, 9e9, 2, 7e12]] })))
    await expect(readCoco(utf8('{"images":1e999}'))).rejects.toThrow(TaskError)
    const infinite = JSON.stringify(cocoFile({ segmentation: [[1, 1, 3, 3, 1, 987654321]] })).replace(
      '987654321',
      '1e999',
    )
    await expect(readCoco(utf8(infinite))).rejects.toThrow(/annotation 31 .*Infinity/)
  })
})

describe('instances/open-images-csv', () => {
  const header = 'ImageID,ImageWidth,ImageHeight,PredictionString\n'
  const good = encodeOpenImagesText([3, 4, 13])

  it.each<[string, string, RegExp]>([
    ['a NaN score', `a,5,4,/m/cat NaN ${good}`, /row 2 \(a\), column PredictionString: prediction 1: the score is NaN/],
    ['a score above 1', `a,5,4,/m/cat 0.5 ${good} /m/dog 1.5 ${good}`, /prediction 2: the score is 1.5/],
    ['a cut mask', `a,5,4,/m/cat 0.5 ${good.slice(0, 8)}`, /row 2 \(a\).*prediction 1: the mask text does not inflate/],
    ['a mask cut inside base64', `a,5,4,/m/cat 0.5 ${good.slice(0, -1)}`, /prediction 1: the mask text is not base64/],
    ['a mask of another size', `a,6,4,/m/cat 0.5 ${good}`, /prediction 1: the runs .* add up to 20; a 4 x 6/],
    ['a negative size', `a,-5,4,/m/cat 0.5 ${good}`, /row 2, column ImageWidth: is "-5"/],
    ['an unknown class', `a,5,4,/m/owl 0.5 ${good}`, /prediction 1: there is no class \/m\/owl/],
    ['two words', `a,5,4,/m/cat 0.5`, /has 2 words; expected class, score and mask/],
  ])('names row, image and prediction: %s', async (_what, row, message) => {
    await expect(readSubmissionCsv(utf8(header + row))).rejects.toThrow(message)
  })

  it('does not unpack a mask text that swells', async () => {
    const bomb = encodeOpenImagesText(Array.from({ length: 200_000 }, () => 1))
    await expect(readSubmissionCsv(utf8(`${header}a,5,4,/m/cat 0.5 ${bomb}`))).rejects.toThrow(/does not inflate/)
  })
})

describe('annotations/open-images', () => {
  const header = 'MaskPath,ImageID,LabelName,BoxXMin,BoxXMax,BoxYMin,BoxYMax\n'

  it.each<[string, string, RegExp]>([
    ['a NaN box', 'mask.png,a,/m/cat,NaN,1,0,1', /row 2, column BoxXMin: is "NaN"/],
    ['a negative size', 'mask.png,a,/m/cat,0.9,0.1,0,1', /row 2: BoxXMin, .* are 0.9, 0, 0.1, 1; expected shares/],
    ['a box outside the image', 'mask.png,a,/m/cat,3,4,0,1', /row 2: .* are 3, 0, 4, 1; expected shares/],
    ['a way out of the folder', '../mask.png,a,/m/cat,0,1,0,1', /row 2, column MaskPath/],
    ['a mask that is not there', 'none.png,a,/m/cat,0,1,0,1', /none\.png cannot be read/],
  ])('names the row: %s', async (_what, row, message) => {
    await expect(readOpenImages(utf8(header + row))).rejects.toThrow(message)
  })
})

/** A document with one leaf replaced or a field removed. */
function mutated(document: unknown): fc.Arbitrary<unknown> {
  const junk = fc.constantFrom<unknown>(
    null,
    -1,
    0.5,
    4294967296,
    1e308,
    '',
    'nonsense',
    '0',
    [],
    {},
    [null],
    true,
    [[]],
    undefined,
  )
  const paths: (readonly (string | number)[])[] = []
  const visit = (node: unknown, path: readonly (string | number)[]): void => {
    if (path.length > 0) paths.push(path)
    if (typeof node !== 'object' || node === null) return
    for (const key of Object.keys(node)) visit(node[key as keyof typeof node], [...path, key])
  }
  visit(document, [])
  const change = fc.tuple(fc.constantFrom(...paths), junk)
  return fc.array(change, { minLength: 1, maxLength: 3 }).map(changes => {
    const copy = structuredClone(document)
    for (const [path, value] of changes) {
      let node = copy as { [key: string]: unknown }
      for (const key of path.slice(0, -1)) node = (node?.[key] ?? {}) as typeof node
      if (typeof node === 'object') node[path.at(-1)!] = structuredClone(value)
    }
    return copy
  })
}

/** Some bytes changed, the end cut off. */
function damaged(content: Uint8Array): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat(content.length - 1), fc.integer({ min: 0, max: 255 }))
  return fc
    .tuple(fc.array(change, { maxLength: 8 }), fc.oneof(fc.constant(content.length), fc.nat(content.length)))
    .map(([changes, length]) => {
      // Not `slice`: of a Buffer that is a view.
      const copy = Uint8Array.from(content)
      for (const [at, byte] of changes) copy[at] = byte
      return copy.slice(0, length)
    })
}

async function survives(read: Read, contents: fc.Arbitrary<Uint8Array>): Promise<void> {
  await fc.assert(
    fc.asyncProperty(contents, async content => {
      try {
        await read(content)
      } catch (error) {
        if (!(error instanceof TaskError)) throw error
        expect(error.message).not.toMatch(/\[object|^internal/)
      }
    }),
    { numRuns: 250 },
  )
}

const documents: readonly [string, Read, unknown][] = [
  ['annotations/coco', readCoco, cocoFile(square)],
  ['annotations/coco, run lengths', readCoco, cocoFile({ segmentation: { size: [4, 5], counts: [3, 4, 13] } })],
  ['annotations/coco, text', readCoco, cocoFile({ segmentation: { size: [4, 5], counts: encodeCounts([3, 4, 13]) } })],
  [
    'evaluate/lvis',
    readLists,
    {
      images: [{ id: 7, file_name: 'a.jpg', neg_category_ids: [1], not_exhaustive_category_ids: [2] }],
      categories: [
        { id: 1, name: 'cat', frequency: 'f' },
        { id: 2, name: 'dog', frequency: 'r' },
      ],
    },
  ],
  [
    'hierarchy/open-images',
    content => readHierarchy(content, utf8('/m/cat,Cat\n/m/dog,Dog\n')),
    { LabelName: 'root', Subcategory: [{ LabelName: '/m/cat', Subcategory: [{ LabelName: '/m/dog' }] }] },
  ],
  ['weights/file', readWeights, { model: { L1: 2, L3: 0 }, flip: { none: 0.5 } }],
]

const labelPng = await sharp(
  Uint16Array.from({ length: 20 }, (_, k) => k % 4),
  {
    raw: { width: 5, height: 4, channels: 1 },
  },
)
  .toColourspace('grey16')
  .png()
  .toBuffer()

const texts: readonly [string, Read, Uint8Array][] = [
  [
    'instances/open-images-csv',
    readSubmissionCsv,
    utf8(
      `ImageID,ImageWidth,ImageHeight,PredictionString\na,5,4,/m/cat 0.5 ${encodeOpenImagesText([3, 4, 13])}\nb,7,3,\n`,
    ),
  ],
  [
    'annotations/open-images, rows',
    readOpenImages,
    utf8('MaskPath,ImageID,LabelName,BoxXMin,BoxXMax,BoxYMin,BoxYMax\nmask.png,a,/m/cat,0,1,0.25,1\n'),
  ],
  [
    'annotations/open-images, mask',
    content =>
      readOpenImages(
        utf8('MaskPath,ImageID,LabelName,BoxXMin,BoxXMax,BoxYMin,BoxYMax\nmask.png,a,/m/cat,0,1,0.25,1\n'),
        content,
      ),
    maskPng,
  ],
  [
    'hierarchy/open-images, descriptions',
    content => readHierarchy(json({ LabelName: 'root', Subcategory: [{ LabelName: '/m/cat' }] }), content),
    utf8('/m/cat,Cat\n/m/dog,"Dog, big"\n'),
  ],
  ['instances/from-label-map', readLabels, labelPng],
  ['images/folder and its pixels', readPicture, maskPng],
  ['annotations/coco, bytes', readCoco, json(cocoFile(square))],
]

describe('readers answer with values or a TaskError', () => {
  it.each(documents)('whatever stands in a document: %s', async (_name, read, document) => {
    await read(json(document))
    await survives(read, mutated(document).map(json))
  })

  it.each(texts)('however a file is damaged or cut: %s', async (_name, read, content) => {
    await read(content)
    await survives(read, damaged(content))
  })
})
