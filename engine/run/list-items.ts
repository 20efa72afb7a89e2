import { join } from 'node:path'
import { compareText, TaskError } from '../base/diagnostic.ts'
import type { Graph } from '../contract/graph.ts'
import type { ItemFile, PathRef } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'
import { checkItemId } from './scatter.ts'

/**
 * The items of a `files` cell: every matching file of its folder, id = path below the folder without extension, sorted
 * by id, each with the digest of its content.
 * @throws TaskError for ids that collide (`a.jpg` beside `a.png`), files that cannot be read, or an empty folder.
 */
export function listItems(
  graph: Graph,
  cellIndex: number,
  registry: Registry,
  store: Store,
  listFiles: (folder: string, globs: readonly string[]) => readonly string[],
): readonly { readonly id: string; readonly file: ItemFile }[] {
  const step = graph.steps.find(one => one.cells.some(cell => cell.index === cellIndex))!
  const cell = step.cells.find(one => one.index === cellIndex)!
  const schema = registry.nodes.get(step.node)!.params
  const [name, folderSchema] = Object.entries(schema.properties).find(
    ([, property]) => property['x-path'] === 'folder',
  )!
  const folder = (cell.params as unknown as { [param: string]: PathRef })[name]!.path
  const found = listFiles(folder, folderSchema['x-files'] ?? ['**'])
  if (found.length === 0) {
    throw new TaskError({
      code: 'missing-file',
      message: `\`${cell.address}\`: ${folder} holds no file that matches ${(folderSchema['x-files'] ?? ['**']).join(', ')}`,
    })
  }
  const seen = new Set<string>()
  const items = found.map(relative => {
    const id = relative.replace(/\.[^./]+$/, '')
    checkItemId(id, seen, cell.address)
    const path = join(folder, relative)
    return { id, file: { path, ...store.fileDigest(path) } }
  })
  return items.sort((a, b) => compareText(a.id, b.id))
}
