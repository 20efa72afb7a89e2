import { nearestName } from '../../engine/base/typo.ts'
import { badFile, isRecord, parseJsonFile } from './bad-file.ts'
import { classListProblem, labelsById } from './class-lists.ts'
import type { ClassList } from './classes.ts'
import type { Hierarchy } from './hierarchy.ts'

/** The two files of Open Images that say which classes there are and how they hang together. */

const header = ['LabelName', 'DisplayName']

/**
 * CSV rows of class id and name; a first row `LabelName,DisplayName` is skipped (later editions have it, the challenge's
 * files do not).
 * @throws TaskError naming the row.
 */
export async function readClassDescriptions(path: string, bytes: Uint8Array): Promise<ClassList> {
  const { parse, CsvError } = await import('csv-parse/sync')
  let rows: string[][]
  try {
    rows = parse(bytes, { bom: true, relax_column_count: true, skip_empty_lines: true, trim: true })
  } catch (error) {
    if (error instanceof CsvError) throw badFile(path, undefined, error.message)
    throw error
  }
  const first = rows[0]?.join() === header.join() ? 1 : 0
  const classes = rows.slice(first).map((row, index) => {
    const [id, name] = row
    if (row.length !== 2 || !id || name === undefined) {
      throw badFile(
        path,
        `row ${index + first + 1}`,
        `expected a class id and a name, found ${JSON.stringify(row.join())}`,
      )
    }
    return { id, name }
  })
  if (classes.length === 0) throw badFile(path, undefined, 'names no class')
  const problem = classListProblem(classes)
  if (problem) throw badFile(path, undefined, problem)
  return classes
}

/**
 * JSON tree of `{ LabelName, Subcategory: […] }`. Its root is no class. A class may stand at several places and then has
 * several parents. `Part` and every other key make nobody a parent and are not read.
 * @throws TaskError naming the way from the root.
 */
export function readHierarchyTree(path: string, bytes: Uint8Array, classes: ClassList): Hierarchy {
  const labels = labelsById(classes)
  const parents = classes.map(() => new Set<number>())
  const visit = (node: unknown, way: readonly string[], parent: number | undefined): void => {
    const where = way.length === 0 ? 'root' : way.join(' > ')
    if (!isRecord(node) || typeof node['LabelName'] !== 'string') {
      throw badFile(path, where, 'expected an object with a LabelName')
    }
    const id = node['LabelName']
    const here = [...way, id]
    let label: number | undefined
    if (way.length > 0) {
      label = labels.get(id)
      if (label === undefined) {
        const near = nearestName(id, labels.keys())
        throw badFile(
          path,
          here.join(' > '),
          `${id} is not among the ${classes.length} described classes`,
          near && `did you mean \`${near}\`?`,
        )
      }
      if (way.slice(1).includes(id)) throw badFile(path, here.join(' > '), `${id} is below itself`)
      if (parent !== undefined) parents[label]!.add(parent)
    }
    const below = node['Subcategory'] ?? []
    if (!Array.isArray(below)) throw badFile(path, here.join(' > '), 'Subcategory is not a list')
    for (const child of below) visit(child, here, label)
  }
  visit(parseJsonFile(path, bytes), [], undefined)
  return { classes, parents: parents.map(direct => [...direct].sort((a, b) => a - b)) }
}
