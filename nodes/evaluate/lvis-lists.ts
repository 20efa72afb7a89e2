import { describeValue } from '../../engine/base/words.ts'
import type { LvisFrequency } from '../kernels/lvis-eval.ts'
import { badFile, isRecord, parseJsonFile } from '../values/bad-file.ts'

/** What an LVIS annotation file says beside its annotations. */
export interface LvisLists {
  /** By class id. */
  readonly frequencies: ReadonlyMap<string, LvisFrequency>
  /** By item id. */
  readonly images: ReadonlyMap<string, LvisImageLists>
}

export interface LvisImageLists {
  /** Class ids confirmed not to be in the image. */
  readonly absent: readonly string[]
  /** Class ids of which not every instance was annotated. */
  readonly incomplete: readonly string[]
}

const frequencyNames: Readonly<Record<string, LvisFrequency>> = { r: 'rare', c: 'common', f: 'frequent' }

/**
 * @param classField the category's field that holds the class id.
 * @throws TaskError naming the entry that is not as LVIS has it.
 */
export function readLvisLists(
  path: string,
  bytes: Uint8Array,
  itemIdRule: 'stem' | 'image-id',
  classField: string,
): LvisLists {
  const document = parseJsonFile(path, bytes)
  if (!isRecord(document) || !Array.isArray(document['images']) || !Array.isArray(document['categories'])) {
    throw badFile(path, undefined, 'expected an object with the lists images and categories')
  }
  const classIds = new Map<unknown, string>()
  const frequencies = new Map<string, LvisFrequency>()
  for (const [index, category] of document['categories'].entries()) {
    const where = `categories[${index}]`
    if (!isRecord(category)) throw badFile(path, where, 'is not an object')
    const classId = category[classField]
    if (typeof classId !== 'string' && typeof classId !== 'number') {
      throw badFile(
        path,
        where,
        `has no text or number in ${classField}; its fields are ${Object.keys(category).join(', ')}`,
      )
    }
    const frequency = frequencyNames[String(category['frequency'])]
    if (frequency === undefined) {
      throw badFile(path, where, `has the frequency ${JSON.stringify(category['frequency'])}; expected "r", "c" or "f"`)
    }
    classIds.set(category['id'], String(classId))
    frequencies.set(String(classId), frequency)
  }
  const images = new Map<string, LvisImageLists>()
  for (const [index, image] of document['images'].entries()) {
    const where = `images[${index}]`
    if (!isRecord(image)) throw badFile(path, where, 'is not an object')
    const listOf = (field: string) => {
      const list = image[field]
      if (!Array.isArray(list)) throw badFile(path, where, `has no list ${field}; this is not an LVIS file`)
      return list.map(id => {
        const classId = classIds.get(id)
        if (classId === undefined)
          throw badFile(path, `${where}, ${field}`, `there is no category ${describeValue(id)} in the file`)
        return classId
      })
    }
    images.set(itemIdOf(path, where, image, itemIdRule), {
      absent: listOf('neg_category_ids'),
      incomplete: listOf('not_exhaustive_category_ids'),
    })
  }
  return { frequencies, images }
}

/** LVIS 1 has no file_name, but ends its coco_url with it. */
function itemIdOf(
  path: string,
  where: string,
  image: { readonly [field: string]: unknown },
  rule: 'stem' | 'image-id',
): string {
  if (rule === 'image-id') return String(image['id'])
  const place = image['file_name'] ?? image['coco_url']
  if (typeof place !== 'string') throw badFile(path, where, 'has neither file_name nor coco_url', 'item_id: image-id')
  const name = place.slice(place.lastIndexOf('/') + 1)
  const dot = name.lastIndexOf('.')
  return dot > 0 ? name.slice(0, dot) : name
}
