import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { sha256 } from '../../engine/base/digest.ts'
import type { NodeDefinition, Values } from '../../engine/contract/node.ts'
import { registry } from '../../nodes/index.ts'
import type { ClassList } from '../../nodes/values/classes.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import { collectionOf, scatter, typedRun } from './collections.ts'
import { runNode, testCheck, testRun } from './run-context.ts'
import { withDefaults } from './with-defaults.ts'

/** Annotations in memory, with the class list that gives labels their meaning. */
export interface Dataset {
  readonly classes: ClassList
  readonly items: { readonly [id: string]: Instances }
}

/** A file format of annotations: writes a data set into a folder and reads it back. */
export interface DataFormat {
  readonly name: string
  readonly write: (data: Dataset, folder: string) => Promise<void>
  readonly read: (folder: string, data: Dataset) => Promise<Dataset>
}

const node = (name: string) => registry.nodes.get(name)!
const newFolder = () => mkdtempSync(join(tmpdir(), 'maskloom-format-'))

/** Writes `data` and reads it again. */
export async function through(format: DataFormat, data: Dataset): Promise<Dataset> {
  const folder = newFolder()
  await format.write(data, folder)
  const back = await format.read(folder, data)
  for (const instances of Object.values(back.items)) instancesKind.encode(instances)
  return back
}

export function imagesOf({ items }: Dataset): { readonly [id: string]: ImageRef } {
  const entries = Object.entries(items).map(
    ([
      id,
      {
        sizeHw: [heightPx, widthPx],
      },
    ]): [string, ImageRef] => [id, { sha256: sha256(id), widthPx, heightPx, channels: 3, bitDepth: 8, format: 'png' }],
  )
  return Object.fromEntries(entries)
}

async function writeWhole(name: string, data: Dataset, params: object, inputs: Values = {}): Promise<Values> {
  const run = typedRun({ instances: [{ classes: data.classes }] }, { wanted: Object.keys(node(name).outputs) })
  const all = { instances: collectionOf(data.items), ...inputs }
  return await runNode(node(name), all, withDefaults(node(name), params), run)
}

/** A file value lands at `path`. */
function put(value: unknown, path: string): void {
  mkdirSync(dirname(path), { recursive: true })
  if (typeof value === 'string') copyFileSync(value, path)
  else writeFileSync(path, value as Uint8Array)
}

async function readAll(reader: NodeDefinition, params: object, inputs: Values = {}): Promise<Dataset> {
  const given = withDefaults(reader, params)
  const check = testCheck({
    readFile: path => new Uint8Array(readFileSync(path)),
    inputs: { classes: [inputs] as never },
  })
  const types = (await reader.types!(given as never, check.context)) as { instances: { classes: ClassList } }
  const found = await scatter(reader, inputs, given, testRun())
  return {
    classes: types.instances.classes,
    items: Object.fromEntries(found.map(({ id, outputs }) => [id, outputs['instances'] as Instances])),
  }
}

const file = (path: string) => ({ path, sha256: sha256(readFileSync(path)) })

export const formats: readonly DataFormat[] = [
  {
    name: 'COCO',
    write: async (data, folder) => {
      const { file } = await writeWhole('dataset/coco', data, { class_id: 'own' })
      put(file, join(folder, 'coco.json'))
    },
    read: folder =>
      readAll(node('annotations/coco'), { path: file(join(folder, 'coco.json')), class_id: 'own', item_id: 'path' }),
  },
  {
    name: 'LIVECell',
    write: async (data, folder) => {
      const { file } = await writeWhole('dataset/coco', data, {
        class_id: 'own',
        segmentation: 'polygons',
        extension: 'tif',
      })
      put(file, join(folder, 'livecell.json'))
    },
    read: folder =>
      readAll(node('annotations/coco'), {
        path: file(join(folder, 'livecell.json')),
        class_pattern: '^([^_]+)_',
        item_id: 'path',
      }),
  },
  {
    name: 'Kaggle run lengths',
    write: async (data, folder) => {
      const columns = { class_column: 'class', width_column: 'width', height_column: 'height', mask_column: 'mask' }
      const { file } = await writeWhole('submission/kaggle-rle', data, {
        ...columns,
        order: 'column-major',
        overlaps: 'accept',
      })
      put(file, join(folder, 'train.csv'))
    },
    read: (folder, { classes }) =>
      readAll(node('annotations/kaggle-rle'), {
        ...{ path: file(join(folder, 'train.csv')), order: 'column-major', mask_column: 'mask', class_column: 'class' },
        ...{ width_column: 'width', height_column: 'height', classes: classes.map(({ id }) => id) },
      }),
  },
  {
    name: 'Open Images',
    write: async (data, folder) => {
      const files = await writeWhole('dataset/open-images', data, { decimals: 12 })
      for (const [port, value] of Object.entries(files)) put(value, join(folder, `${port}.csv`))
      for (const [id, instances] of Object.entries(data.items)) {
        for (const child of await scatter(node('dataset/mask-pictures'), { instances } as never, {}, testRun())) {
          put(child.outputs['file'], join(folder, 'masks', id, `${child.id}.png`))
        }
      }
    },
    read: async (folder, data) => {
      const found = await scatter(
        node('annotations/open-images'),
        { images: collectionOf(imagesOf(data)), classes: { classes: data.classes } },
        withDefaults(node('annotations/open-images'), {
          masks: file(join(folder, 'masks.csv')),
          mask_folder: { path: join(folder, 'masks'), sha256: '' },
          boxes: file(join(folder, 'boxes.csv')),
        }),
        testRun(),
      )
      const items = found.map(({ id, outputs }) => [id, outputs['instances'] as Instances] as const)
      return { classes: data.classes, items: Object.fromEntries(items) }
    },
  },
  {
    name: 'YOLO',
    write: async (data, folder) => {
      const { data: yaml } = await writeWhole('dataset/yolo-index', data, {})
      put(yaml, join(folder, 'data.yaml'))
      for (const [id, instances] of Object.entries(data.items)) {
        const run = typedRun({ instances: [{ classes: data.classes }] })
        const labels = node('dataset/yolo-labels')
        const { file } = await runNode(labels, { instances }, withDefaults(labels, {}), run)
        put(file, join(folder, 'labels', `${id}.txt`))
      }
    },
    read: (folder, data) =>
      readAll(
        node('annotations/yolo-seg'),
        { labels: { path: join(folder, 'labels'), sha256: '' }, classes: file(join(folder, 'data.yaml')) },
        { images: collectionOf(imagesOf(data)) },
      ),
  },
  {
    name: 'label pictures',
    write: async ({ items }, folder) => {
      for (const [id, instances] of Object.entries(items)) {
        const writer = node('masks/to-label-map')
        const params = withDefaults(writer, { overlap: 'first', format: 'tiff' })
        const { file } = await runNode(writer, { instances }, params)
        put(file, join(folder, 'labels', `${id}.tif`))
      }
    },
    read: async (folder, { items }) => {
      const reader = node('instances/from-label-map')
      const read: [string, Instances][] = []
      for (const id of Object.keys(items)) {
        const path = join(folder, 'labels', `${id}.tif`)
        const bytes = readFileSync(path)
        const source = { path, sha256: sha256(bytes), sizeBytes: bytes.length }
        const params = withDefaults(reader, { class_id: 'object' })
        const { instances } = await runNode(reader, { file: source }, params)
        read.push([id, instances as Instances])
      }
      return { classes: [{ id: 'object', name: 'object' }], items: Object.fromEntries(read) }
    },
  },
]
