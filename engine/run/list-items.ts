import { sep } from 'node:path'
import { compareText, TaskError } from '../base/diagnostic.ts'
import type { Graph } from '../contract/graph.ts'
import type { ItemFile, PathRef } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'
import { type ChosenItems, createChosenItems, type ItemChoice } from './item-choice.ts'
import { checkItemId } from './scatter.ts'

type ListFiles = (folder: string, globs: readonly string[]) => readonly string[]

/** The items of a `files` cell, each with the digest of its content; of a part of them if some were chosen. */
export function listItems(
  graph: Graph,
  cellIndex: number,
  registry: Registry,
  store: Store,
  listFiles: ListFiles,
  chosen?: ChosenItems,
): readonly { readonly id: string; readonly file: ItemFile }[] {
  const all = listItemPaths(graph, cellIndex, registry, listFiles)
  const group = graph.groups.find(one => one.cells.includes(cellIndex))!.index
  const keep = chosen?.keep(
    group,
    all.map(({ id }) => id),
  )
  const kept = keep === undefined ? all : all.filter(({ id }) => keep(id))
  const digests = store.fileDigests(kept.map(({ path }) => path))
  return kept.map(({ id, path }, i) => ({ id, file: { path, ...digests[i]! } }))
}

/**
 * What a run about a part of the items is about.
 * @throws TaskError `bad-argument` when it asks for items that are not there.
 */
export function chosenItems(graph: Graph, choice: ItemChoice, registry: Registry, listFiles: ListFiles): ChosenItems {
  return createChosenItems(graph, choice, cell => listItemPaths(graph, cell, registry, listFiles).map(({ id }) => id))
}

/**
 * Every matching file of the folder of a `files` cell: id = path below the folder without extension, sorted by id.
 * @throws TaskError for ids that collide (`a.jpg` beside `a.png`), or an empty folder.
 */
export function listItemPaths(
  graph: Graph,
  cellIndex: number,
  registry: Registry,
  listFiles: ListFiles,
): readonly { readonly id: string; readonly path: string }[] {
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
    return { id, path: `${folder}${sep}${relative}` }
  })
  const sorted = items.every(({ id }, i) => i === 0 || items[i - 1]!.id < id)
  return sorted ? items : items.sort((a, b) => compareText(a.id, b.id))
}
