import { TaskError } from '../base/diagnostic.ts'
import type { CellPort } from '../contract/graph.ts'
import type { Kind } from '../contract/kind.ts'
import type { Registry } from '../contract/registry.ts'
import type { StoreReader } from '../contract/store.ts'
import { columnOf, type GroupState, portAddress, type RunState, singleOf } from './state.ts'

/** Thrown when the value that chooses has lost its bytes: it must be made again first. */
export class LostSelection extends Error {
  readonly source: CellPort
  readonly item: string | undefined

  constructor(source: CellPort, item: string | undefined) {
    super('internal: a selection is lost')
    this.source = source
    this.item = item
  }
}

/** The items a group runs on: those that all of its selections choose; undefined if it has none. */
export function selectItems(
  state: RunState,
  group: GroupState,
  registry: Registry,
  store: Pick<StoreReader, 'read'>,
): ReadonlySet<string> | undefined {
  let chosen: ReadonlySet<string> | undefined
  for (const { source, equals } of group.group.selects) {
    const kind = kindOf(state, source, registry)
    const ids = equals === undefined ? listedIds(source, kind) : labelledIds(source, kind, equals)
    chosen = chosen === undefined ? ids : new Set([...chosen].filter(id => ids.has(id)))
  }
  return chosen

  function listedIds(source: CellPort, kind: Kind): ReadonlySet<string> {
    const bytes = store.read(singleOf(state, source))
    if (bytes === undefined) throw new LostSelection(source, undefined)
    return new Set(kind.ids!(kind.decode(bytes)))
  }

  function labelledIds(source: CellPort, kind: Kind, equals: string): ReadonlySet<string> {
    const column = columnOf(state, source)
    const texts = new Map<string, string>()
    const ids = new Set<string>()
    for (const [item, id] of column.ids.entries()) {
      const digest = column.digests[item]
      if (digest === undefined) continue
      const text = texts.get(digest) ?? textOf(digest, source, id, kind)
      texts.set(digest, text)
      if (text === equals) ids.add(id)
    }
    // A text that can occur and does not: the step runs on no item. A part of the items may well have none.
    if (ids.size === 0 && state.chosen === undefined && !choices(source, kind).includes(equals))
      throw nothingChosen(source, equals, new Set(texts.values()))
    return ids
  }

  function textOf(digest: string, source: CellPort, item: string, kind: Kind): string {
    const bytes = store.read(digest)
    if (bytes === undefined) throw new LostSelection(source, item)
    return kind.choice!(kind.decode(bytes))
  }

  function choices(source: CellPort, kind: Kind): readonly string[] {
    const cell = state.graph.steps.flatMap(({ cells }) => cells).find(({ index }) => index === source.cell)
    return kind.choices?.(cell?.facets[source.port] ?? {}) ?? []
  }

  function nothingChosen(source: CellPort, equals: string, found: ReadonlySet<string>): TaskError {
    return new TaskError({
      code: 'empty-selection',
      message: `no item has ${portAddress(state, source)} = ${JSON.stringify(equals)}`,
      fix: `values found: ${[...found].sort().join(', ') || 'none'}`,
    })
  }
}

function kindOf(state: RunState, source: CellPort, registry: Registry): Kind {
  const step = state.graph.steps.find(one => one.cells.some(cell => cell.index === source.cell))!
  return registry.kinds.get(step.outputs.find(output => output.port === source.port)!.kind)!
}
