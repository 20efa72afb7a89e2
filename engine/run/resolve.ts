import type { Digest, Key } from '../base/digest.ts'
import { taskKey } from '../base/keys.ts'
import type { ItemFile } from '../contract/node.ts'
import type { StoreReader } from '../contract/store.ts'
import type { WireGroup } from './wire.ts'

/** How one task of a unit stands, as far as it can be told without running anything. */
export type TaskStanding =
  /** Its row is there. */
  | { readonly state: 'known'; readonly key: Key; readonly outputs: { readonly [port: string]: Digest } }
  /** Its key is known and has no row: it will run. */
  | { readonly state: 'new'; readonly key: Key }
  /** An input will be made first, so its key is not known yet. */
  | { readonly state: 'open' }

/** Walks the tasks of a unit in order. `stopEarly` gives up at the first task that is not known. */
export function resolveUnit(
  group: WireGroup,
  externals: readonly (Digest | undefined)[],
  file: ItemFile | undefined,
  itemIdOf: (node: string) => string | undefined,
  lookup: StoreReader['task'],
  stopEarly: boolean,
): readonly TaskStanding[] | undefined {
  const standings: TaskStanding[] = []
  for (const task of group.tasks) {
    const key = keyOf(task)
    const standing = key === undefined ? ({ state: 'open' } as const) : stand(task, key)
    if (stopEarly && standing.state !== 'known') return undefined
    standings.push(standing)
  }
  return standings

  function keyOf(task: WireGroup['tasks'][number]): Key | undefined {
    const parts: [string, string[]][] = []
    for (const input of task.inputs) {
      const digests: string[] = []
      for (const source of input.sources) {
        const identity = 'external' in source ? externals[source.external] : identityOf(source.task, source.port)
        if (identity === undefined) return undefined
        digests.push(identity)
      }
      parts.push([input.port, digests])
    }
    if (file !== undefined) parts.push(['file', [file.sha256]])
    return taskKey(task.recipe, parts, itemIdOf(task.node))
  }

  function identityOf(task: number, port: string): string | undefined {
    const standing = standings[task]!
    const transient = group.tasks[task]!.outputs.find(output => output.port === port)?.persist === 'transient'
    if (transient) return standing.state === 'open' ? undefined : standing.key
    return standing.state === 'known' ? standing.outputs[port] : undefined
  }

  function stand(task: WireGroup['tasks'][number], key: Key): TaskStanding {
    const row = lookup(key)
    const complete =
      row !== undefined &&
      task.outputs.every(({ port, persist }) => persist === 'transient' || row.outputs[port] !== undefined)
    return complete ? { state: 'known', key, outputs: row.outputs } : { state: 'new', key }
  }
}

/** The digests of the exports, if every task is known. */
export function knownExports(group: WireGroup, standings: readonly TaskStanding[]): readonly Digest[] {
  return group.exports.map(({ task, port }) => {
    const standing = standings[task]!
    if (standing.state !== 'known') throw new Error('internal: an export is not known')
    return standing.outputs[port]!
  })
}
