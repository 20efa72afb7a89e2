import { statSync } from 'node:fs'
import { join } from 'node:path'
import type { Cell, CellPort, GraphOutput } from '../contract/graph.ts'
import type { Store } from '../contract/store.ts'
import { columnDigest } from './columns.ts'
import type { Narrator } from './narrate.ts'
import { clearStaleFiles, type DeliveredPart } from './stale-files.ts'
import { portName, type RunState } from './state.ts'
import { outputGuard } from './writable.ts'

/**
 * Copies finished outputs out of the store: `<out>/<name>.<ext>`, a folder `<out>/<name>/` when there is one per item or
 * per cell. A file that is already there with the right bytes is left alone; a lost blob is made again first. What an
 * earlier delivery wrote for items that are gone is removed.
 * @returns output name → path, for those that are complete.
 */
export async function deliverOutputs(
  state: RunState,
  outDirectory: string,
  store: Store,
  narrator: Narrator,
  remake: (source: CellPort, item: string | undefined) => Promise<void>,
  writableFolders: readonly string[] | undefined,
): Promise<{ readonly [name: string]: string }> {
  const paths: { [name: string]: string } = {}
  const guard = outputGuard(writableFolders)
  for (const output of state.graph.outputs) {
    const files = filesOf(state, output, outDirectory)
    if (files === undefined) continue
    let unchanged = true
    let bytes = 0
    for (const file of files.list) {
      guard(file.path)
      let result = store.deliver(file.digest, file.path)
      if (result === false) {
        await remake(file.source, file.item)
        result = store.deliver(file.digest, file.path)
      }
      if (result === false) throw new Error(`internal: output ${output.name} could not be made again`)
      if (result === 'written') unchanged = false
      bytes += statSync(file.path).size
    }
    const { removed, kept } = clearStaleFiles(
      store,
      {
        pipeline: state.graph.path,
        outDirectory,
        output: output.name,
        parts: files.parts,
        paths: () => files.list.map(file => file.path),
      },
      guard,
    )
    if (removed > 0) remark(`files in \`${output.name}\` that belong to nothing any more were removed: ${removed}`)
    if (kept > 0)
      remark(
        `files in \`${output.name}\` that belong to nothing any more stay, changed since they were delivered: ${kept}`,
      )
    paths[output.name] = files.path
    narrator.emit({
      type: 'output.delivered',
      name: output.name,
      path: files.path,
      files: files.list.length,
      bytes,
      unchanged,
    })
  }
  return paths

  function remark(message: string): void {
    narrator.remark(undefined, undefined, message)
  }
}

interface DeliveredFile {
  readonly path: string
  readonly digest: string
  readonly source: CellPort
  readonly item: string | undefined
}

/** Undefined while any part of the output is missing. */
function filesOf(
  state: RunState,
  output: GraphOutput,
  outDirectory: string,
):
  | { readonly path: string; readonly list: readonly DeliveredFile[]; readonly parts: readonly DeliveredPart[] }
  | undefined {
  const list: DeliveredFile[] = []
  const parts: DeliveredPart[] = []
  const many = output.cells.length > 1
  let folder = many
  for (const source of output.cells) {
    const { extension, cellName } = describe(state, source)
    const base = many ? join(outDirectory, output.name, cellName) : join(outDirectory, output.name)
    const single = state.singles.get(portName(source))
    if (single !== undefined) {
      list.push({ path: `${base}.${extension}`, digest: single, source, item: undefined })
      parts.push({ base, extension, of: 'file', digest: single })
      continue
    }
    const column = state.columns.get(portName(source))
    if (column === undefined || column.failed.size > 0) return undefined
    folder = true
    parts.push({ base, extension, of: 'collection', digest: columnDigest(column) })
    for (const [i, item] of column.ids.entries()) {
      const digest = column.digests[i]
      if (digest === undefined) return undefined
      list.push({ path: join(base, `${item}.${extension}`), digest, source, item })
    }
  }
  return { path: folder ? join(outDirectory, output.name) : list[0]!.path, list, parts }
}

function describe(state: RunState, source: CellPort): { readonly extension: string; readonly cellName: string } {
  for (const step of state.graph.steps) {
    const cell = step.cells.find(one => one.index === source.cell)
    if (cell === undefined) continue
    return { cellName: fileName(cell), extension: step.outputs.find(output => output.port === source.port)!.extension }
  }
  throw new Error(`internal: no cell ${source.cell}`)
}

/** `model=L1,scale=208`: the coordinates tell the cells of a step apart. What some file system refuses is `%` and its bytes. */
function fileName({ coordinates }: Cell): string {
  const parts = Object.keys(coordinates)
    .sort()
    .map(axis => `${axis}=${coordinates[axis]}`)
  return parts
    .join(',')
    .replace(/[^A-Za-z0-9._=,-]/gu, character =>
      Array.from(new TextEncoder().encode(character), byte => `%${byte.toString(16).padStart(2, '0')}`).join(''),
    )
}
