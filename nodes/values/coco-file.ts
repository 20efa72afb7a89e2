import { describeValue } from '../../engine/base/words.ts'
import { badFile, isRecord, parseJsonFile } from './bad-file.ts'
import { classListProblem } from './class-lists.ts'
import type { ClassList } from './classes.ts'
import { matchedParts } from './matched-parts.ts'

/** The index of a COCO instances file: its pictures and categories, checked; annotations as they stand. */
export interface CocoFile {
  readonly path: string
  readonly images: readonly CocoImageEntry[]
  /** By ascending id: the order of labels. */
  readonly categories: readonly CocoCategory[]
  readonly annotations: readonly unknown[]
}

export interface CocoImageEntry {
  readonly id: number | string
  readonly fileName: string
  readonly sizeHw: readonly [number, number]
}

export interface CocoCategory {
  readonly id: number
  readonly record: { readonly [field: string]: unknown }
}

/**
 * What names an item: `stem` = file name without folders and extension, `path` = file name without extension,
 * `image-id` = the number in the file.
 */
export type ItemIdRule = 'stem' | 'path' | 'image-id'

/** @throws TaskError naming the list and the entry that is not as COCO has it. */
export function readCocoFile(path: string, bytes: Uint8Array): CocoFile {
  const document = parseJsonFile(path, bytes)
  if (!isRecord(document)) throw badFile(path, undefined, 'expected an object with images, categories and annotations')
  const images = list(path, document, 'images').map((entry, index): CocoImageEntry => {
    const where = `images[${index}]`
    if (!isRecord(entry)) throw badFile(path, where, 'is not an object')
    const { id, file_name: fileName, width, height } = entry
    if (typeof id !== 'number' && typeof id !== 'string') throw badFile(path, where, 'has no id')
    if (typeof fileName !== 'string' || fileName === '') throw badFile(path, `image ${id}`, 'has no file_name')
    if (!isSide(width) || !isSide(height)) {
      throw badFile(
        path,
        `image ${id}`,
        `width and height are ${describeValue(width)} × ${describeValue(height)}; expected whole numbers from 1`,
      )
    }
    return { id, fileName, sizeHw: [height, width] }
  })
  const categories = list(path, document, 'categories').map((entry, index): CocoCategory => {
    if (!isRecord(entry) || !Number.isInteger(entry['id'])) {
      throw badFile(path, `categories[${index}]`, 'is not an object with a whole number as id')
    }
    return { id: entry['id'] as number, record: entry }
  })
  requireUnique(path, 'image', images)
  requireUnique(path, 'category', categories)
  // LIVECell's files of single cell types have them by id.
  const byId = isRecord(document['annotations']) ? Object.values(document['annotations']) : undefined
  const annotations = byId ?? (document['annotations'] === undefined ? [] : list(path, document, 'annotations'))
  return { path, images, categories: categories.sort((a, b) => a.id - b.id), annotations }
}

/** @throws TaskError naming both images when two get the same id. */
export function cocoItemIds({ path, images }: CocoFile, rule: ItemIdRule): string[] {
  const seen = new Map<string, CocoImageEntry>()
  return images.map(image => {
    const itemId = itemIdOf(image, rule)
    const twin = seen.get(itemId)
    if (twin) {
      throw badFile(
        path,
        `image ${image.id}`,
        `${image.fileName} and ${twin.fileName} (image ${twin.id}) both become the item ${itemId}`,
        rule === 'image-id' ? undefined : `item_id: ${rule === 'stem' ? 'path' : 'image-id'}`,
      )
    }
    seen.set(itemId, image)
    return itemId
  })
}

function itemIdOf(image: CocoImageEntry, rule: ItemIdRule): string {
  if (rule === 'image-id') return String(image.id)
  const path = image.fileName.replaceAll('\\', '/')
  const name = rule === 'stem' ? path.slice(path.lastIndexOf('/') + 1) : path
  const dot = name.lastIndexOf('.')
  return dot > name.lastIndexOf('/') + 1 ? name.slice(0, dot) : name
}

/**
 * The categories as a class list; `field` is the category's field that holds the class id (`name`, `id`, `mid`, …).
 * @throws TaskError when a category lacks it or two share it.
 */
export function cocoClasses({ path, categories }: CocoFile, field: string): ClassList {
  const classes = categories.map(({ id, record }) => {
    const value = record[field]
    if (typeof value !== 'string' && typeof value !== 'number') {
      const fields = Object.keys(record).join(', ')
      throw badFile(path, `category ${id}`, `has no text or number in ${field}; its fields are ${fields}`)
    }
    const name = record['name']
    return { id: String(value), name: typeof name === 'string' ? name : String(value) }
  })
  const problem = classListProblem(classes)
  if (problem) throw badFile(path, 'categories', problem)
  return classes
}

/**
 * Classes by file name: what the parentheses of `pattern` match, joined with _, sorted by code unit. `byImage` has the label
 * of each image in the order of the file.
 * @throws TaskError naming the first image that does not match.
 */
export function classesByFileName(
  { path, images }: CocoFile,
  pattern: RegExp,
): { readonly classes: ClassList; readonly byImage: readonly number[] } {
  const texts = images.map(({ id, fileName }) => {
    const text = matchedParts(pattern, fileName)
    if (text !== '') return text
    throw badFile(path, `image ${id}`, `${fileName} gives no class by ${pattern.source}`)
  })
  const ids = [...new Set(texts)].sort()
  const labels = new Map(ids.map((id, label) => [id, label]))
  return { classes: ids.map(id => ({ id, name: id })), byImage: texts.map(text => labels.get(text)!) }
}

function list(path: string, document: { readonly [key: string]: unknown }, name: string): readonly unknown[] {
  const value = document[name]
  if (!Array.isArray(value)) throw badFile(path, undefined, `has no list ${name}, so it is not a COCO instances file`)
  return value
}

function requireUnique(path: string, what: string, entries: readonly { readonly id: number | string }[]): void {
  const seen = new Set<number | string>()
  for (const { id } of entries) {
    if (seen.has(id)) throw badFile(path, `${what} ${id}`, 'stands there twice; ids must be unique')
    seen.add(id)
  }
}

function isSide(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 1
}
