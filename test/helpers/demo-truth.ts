import { readFile } from 'node:fs/promises'
import type { Collection } from '../../engine/contract/node.ts'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import type { ClassList } from '../../nodes/values/classes.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { collectionOf, scatter } from './collections.ts'
import { demoPath } from './demo.ts'
import { testRun } from './run-context.ts'

/** What the tests look up in the demo's annotation file. */
export interface DemoFile {
  readonly images: readonly { id: number; file_name: string; width: number; height: number }[]
  readonly categories: readonly { id: number; name: string; mid: string }[]
  readonly annotations: readonly {
    image_id: number
    category_id: number
    bbox: [number, number, number, number]
    segmentation: { size: [number, number]; counts: string }
  }[]
}

export interface DemoTruth {
  readonly file: DemoFile
  readonly types: { readonly classes: ClassList }
  readonly instances: { readonly [id: string]: Instances }
  readonly images: Collection<ImageRef>
}

/** The demo's ground truth as the nodes see it. Digests of the pictures are made up. */
export async function demoTruth(): Promise<DemoTruth> {
  const path = demoPath('annotations.json')
  const file = JSON.parse(await readFile(path, 'utf8')) as DemoFile
  const params = { path: { path, sha256: '' }, item_id: 'stem', class_id: 'mid', without_mask: 'refuse' }
  const items = await scatter(annotationsCoco, {}, params, testRun())
  const refs = file.images.map(({ file_name, width, height }): [string, ImageRef] => [
    file_name.replace('.jpg', ''),
    { sha256: '0'.repeat(64), widthPx: width, heightPx: height, channels: 3, bitDepth: 8, format: 'jpeg' },
  ])
  return {
    file,
    types: { classes: file.categories.map(({ mid, name }) => ({ id: mid, name })) },
    instances: Object.fromEntries(items.map(({ id, outputs }) => [id, outputs['instances'] as Instances])),
    images: collectionOf(Object.fromEntries(refs)),
  }
}
