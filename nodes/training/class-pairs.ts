import { TaskError } from '../../engine/base/diagnostic.ts'
import type { ClassImages } from '../kernels/rebalance.ts'
import type { Table } from '../values/table.ts'

/** Which class is in which image, numbered. */
export interface ClassPairs {
  /** Image ids in the order of their appearance. */
  readonly images: readonly string[]
  /** Class ids in the order of their appearance. */
  readonly classes: readonly string[]
  readonly members: ClassImages
}

/**
 * Distinct pairs of class and image of one or two tables with columns `image` and `class`; images of the second are
 * extra. An image in both is no extra one.
 * @throws TaskError naming the column that is missing or the row that is not text.
 */
export function readClassPairs(table: Table, extra: Table | undefined, leftOut: ReadonlySet<string>): ClassPairs {
  const imageOf = new Map<string, number>()
  const classOf = new Map<string, number>()
  const members: Set<number>[] = []
  const isExtra: number[] = []
  const read = ({ columns, rows }: Table, port: string, own: number) => {
    const [imageColumn, classColumn] = ['image', 'class'].map(column => columnOf(columns, column, port)) as [
      number,
      number,
    ]
    for (const [index, row] of rows.entries()) {
      const image = row[imageColumn]
      const name = row[classColumn]
      if (typeof image !== 'string' || typeof name !== 'string') {
        throw bad(`row ${index} at input ${port} has image ${image} and class ${name}; expected two texts`)
      }
      if (leftOut.has(image)) continue
      let number = imageOf.get(image)
      if (number === undefined) {
        number = imageOf.size
        imageOf.set(image, number)
        isExtra.push(own)
      }
      let label = classOf.get(name)
      if (label === undefined) {
        label = classOf.size
        classOf.set(name, label)
        members.push(new Set())
      }
      members[label]!.add(number)
    }
  }
  read(table, 'annotations', 0)
  if (extra) read(extra, 'extra', 1)
  const images = [...imageOf.keys()]
  const sorted = [...images.keys()].sort((a, b) => (images[a]! < images[b]! ? -1 : 1))
  const sortedPlaces = new Uint32Array(images.length)
  for (const [place, image] of sorted.entries()) sortedPlaces[image] = place
  return {
    images,
    classes: [...classOf.keys()],
    members: { images: members.map(own => [...own]), extra: Uint8Array.from(isExtra), sortedPlaces },
  }
}

/** Position of a column. @throws TaskError naming it and those that are there. */
export function columnOf(columns: readonly string[], column: string, port: string): number {
  const position = columns.indexOf(column)
  if (position >= 0) return position
  throw bad(`the table at input ${port} has no column ${column}; its columns are ${columns.join(', ')}`)
}

function bad(message: string): TaskError {
  return new TaskError({ code: 'bad-value', message })
}
