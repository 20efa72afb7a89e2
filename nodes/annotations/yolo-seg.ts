import { existsSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { concatMasks, emptyMasks } from '../kernels/mask-sets.ts'
import { maskBoxesXyxy } from '../kernels/rle.ts'
import { badFile, checkFile } from '../values/bad-file.ts'
import { coveredFiles } from '../values/covered-files.ts'
import type { ImageRef } from '../values/image.ts'
import type { Instances } from '../values/instances.ts'
import { yoloClasses } from '../values/yolo-yaml.ts'
import { collectProblems, type OnProblem, type Problems, problemsParam, problemsPort } from './problems.ts'
import { readYoloLine, type YoloObject, yoloLabel } from './yolo-lines.ts'

interface Params {
  readonly labels: PathRef
  readonly classes: PathRef
  readonly without_mask: 'refuse' | 'box'
  readonly other_images: 'refuse' | 'skip'
  readonly problems: OnProblem
}

export const annotationsYoloSeg = defineNode<Params, { images: Collection<ImageRef> }>({
  name: 'annotations/yolo-seg',
  version: 1,
  description:
    'Reads label files of YOLO segmentation: for each image a text file of its name with a line `class x1 y1 x2 y2 …` for each object, corners as shares of width and height. An image without a file has no objects. Polygons are drawn as pycocotools draws them; boxes are those of the masks.',
  mode: 'scatter',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['labels', 'classes'],
    properties: {
      labels: {
        type: 'string',
        'x-path': 'folder',
        'x-files': ['**/*.txt'],
        description: 'Folder of label files: <item>.txt.',
      },
      classes: { type: 'string', 'x-path': 'file', description: 'The data.yaml; its names are the classes.' },
      without_mask: {
        enum: ['refuse', 'box'],
        default: 'refuse',
        description: 'A line of four numbers, which is a box, is an error, or a box that is its own mask.',
      },
      other_images: {
        enum: ['refuse', 'skip'],
        default: 'refuse',
        description: 'A label file without image is an error, or left out (those of another part of the data).',
      },
      problems: problemsParam,
    },
  },
  inputs: { images: { kind: 'image', per: 'item', description: 'The images: their ids name the label files.' } },
  outputs: {
    instances: { kind: 'instances', per: 'item', description: 'The objects of an image in the order of its lines.' },
    problems: problemsPort,
  },
  example: `
truth:
  uses: annotations/yolo-seg
  with: { labels: labels, classes: data.yaml }
  in: { images: images.images }
`,
  types: async ({ classes: { path, sha256 } }, context) => {
    const classes = await checkFile(context, 'classes', () =>
      context.memo('annotations/yolo-seg classes', sha256, () => [...yoloClasses(path, context.readFile(path))]),
    )
    return classes ? { instances: { classes } } : {}
  },
  run: async function* ({ images }, params, context) {
    const classCount = yoloClasses(params.classes.path, readFileSync(params.classes.path)).length
    const problems = collectProblems(params.problems)
    const others = await labelFilesWithout(images.ids, params.labels.path)
    if (others.length > 0) context.note(`${others.length} label files have no image, the first is ${others[0]}`)
    for (const name of params.other_images === 'refuse' ? others : []) {
      const error = badFile(join(params.labels.path, name), undefined, 'there is no image for it', 'other_images: skip')
      problems.of(name.slice(0, -'.txt'.length)).raise('unknown-image', error)
    }
    for await (const { id, value } of images.items) {
      const sizeHw = [value.heightPx, value.widthPx] as const
      const path = join(params.labels.path, `${id}.txt`)
      const objects = existsSync(path)
        ? readObjects(path, await readFile(path, 'utf8'), sizeHw, classCount, params, problems.of(id))
        : []
      yield { id, outputs: { instances: toInstances(objects, sizeHw), problems: problems.take() } }
    }
  },
})

async function labelFilesWithout(ids: readonly string[], folder: string): Promise<string[]> {
  const known = new Set(ids.map(id => `${id}.txt`))
  return (await coveredFiles(folder, '.txt')).filter(name => !known.has(name))
}

function readObjects(
  path: string,
  text: string,
  sizeHw: readonly [number, number],
  classCount: number,
  { without_mask: withoutMask }: Params,
  problems: Problems,
): YoloObject[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, i) => {
      const trimmed = line.trim()
      if (trimmed === '') return []
      const where = `line ${i + 1}`
      const label = problems.attempt('unknown-label', () =>
        yoloLabel(trimmed.split(/\s+/)[0]!, classCount, path, where),
      )
      if (label === undefined) return []
      return (
        problems.attempt('bad-mask', () => readYoloLine(trimmed, sizeHw, classCount, withoutMask, path, where)) ?? []
      )
    })
}

function toInstances(objects: readonly YoloObject[], sizeHw: readonly [number, number]): Instances {
  const masks = concatMasks([emptyMasks(sizeHw, 0), ...objects.map(({ mask }) => mask)])
  return {
    sizeHw,
    boxesXyxy: maskBoxesXyxy(masks),
    scores: new Float64Array(objects.length).fill(1),
    labels: Int32Array.from(objects, ({ label }) => label),
    masks,
  }
}
