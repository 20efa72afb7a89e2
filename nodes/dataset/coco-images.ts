import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Collection, PathRef } from '../../engine/contract/node.ts'
import { readCsvRecords } from '../values/csv-records.ts'
import type { ImageRef } from '../values/image.ts'
import type { Instances } from '../values/instances.ts'
import { walkTogether } from '../values/walk-together.ts'
import { type CocoWriting, isWritten } from './coco-annotations.ts'

export interface CocoImages {
  /** As they stand in the file: by ascending number. */
  readonly listed: readonly { id: number; file_name: string; width: number; height: number }[]
  /** Of every item, listed or not. */
  readonly numberOf: ReadonlyMap<string, number>
}

interface Rules extends CocoWriting {
  readonly extension?: string
  readonly images_without: 'keep' | 'skip'
  readonly number_by?: PathRef
  readonly number_column: string
}

/** Endings that people expect, where the decoder's name of a format is another word. */
const EXTENSIONS: { readonly [format: string]: string } = { jpeg: 'jpg', tiff: 'tif' }

/** The list of images; walks the instances once, without writing anything. */
export async function imageEntries(
  instances: Collection<Instances>,
  images: Collection<ImageRef> | undefined,
  rules: Rules,
): Promise<CocoImages> {
  const numberOf = await numbersOf(instances.ids, rules)
  const listed: { id: number; file_name: string; width: number; height: number }[] = []
  for await (const { id, value, image } of withImages(instances, images)) {
    if (rules.images_without === 'skip' && !isAnyWritten(value, rules)) continue
    const [height, width] = value.sizeHw
    if (image && (image.widthPx !== width || image.heightPx !== height)) throw otherSize(id, value, image)
    const extension = rules.extension ?? (image ? (EXTENSIONS[image.format] ?? image.format) : 'jpg')
    listed.push({ id: numberOf.get(id)!, file_name: `${id}.${extension}`, width, height })
  }
  return { listed: listed.sort((a, b) => a.id - b.id), numberOf }
}

async function* withImages(
  instances: Collection<Instances>,
  images: Collection<ImageRef> | undefined,
): AsyncGenerator<{ readonly id: string; readonly value: Instances; readonly image?: ImageRef }> {
  if (!images) yield* instances.items
  else {
    const both = walkTogether(instances, 'instances', images, 'images')
    for await (const { id, first, second } of both) yield { id, value: first, image: second }
  }
}

function isAnyWritten(instances: Instances, rules: Rules): boolean {
  return instances.labels.some((_, index) => isWritten(instances, index, rules))
}

/** From 1: by first appearance in the CSV of `number_by`, then the others in their order; without it in their order. */
async function numbersOf(ids: readonly string[], { number_by: file, number_column: column }: Rules) {
  const numberOf = new Map<string, number>()
  if (file) {
    const wanted = new Set(ids)
    for await (const { cells } of readCsvRecords(file.path, [column])) {
      const id = cells[column]!
      if (wanted.has(id) && !numberOf.has(id)) numberOf.set(id, numberOf.size + 1)
    }
  }
  for (const id of ids) if (!numberOf.has(id)) numberOf.set(id, numberOf.size + 1)
  return numberOf
}

function otherSize(id: string, { sizeHw: [height, width] }: Instances, image: ImageRef): TaskError {
  return new TaskError({
    code: 'bad-value',
    message: `the instances of ${id} live in a ${width} × ${height} frame, the image is ${image.widthPx} × ${image.heightPx}`,
    fix: 'Annotations must be in the frame of the picture that is trained on.',
  })
}
