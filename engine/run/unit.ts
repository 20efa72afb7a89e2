import type { Diagnostic } from '../base/diagnostic.ts'
import type { Digest, Key } from '../base/digest.ts'
import { taskKey } from '../base/keys.ts'
import type { TaskRow } from '../contract/store.ts'
import type { Room } from './room.ts'
import type { ExportResult, Unit, UnitResult, WireGroup, WireSource } from './wire.ts'

/**
 * Makes the exports of one unit, doing nothing that is known. Lazy and recursive: the digest of an output needs the key
 * of its task, a key needs the digests of its inputs, and only a key without a row makes the task run, for which its
 * input *values* are wanted. So after a task has run and its digest came out as before, everything behind it is a hit,
 * and a task whose row exists runs again only if somebody needs a value that is not stored. Where transient values do not
 * fit together, those needed last are dropped, and made again when their turn comes: the results are the same.
 */
export interface UnitHost {
  readonly lookup: (key: Key) => TaskRow | undefined
  /** Decoded value of a stored digest, or undefined if its blob is lost. */
  readonly read: (digest: Digest, kind: string) => unknown
  /**
   * Value of an external port, as the input `port` of a node takes it: decoded, a `Collection` for per-item inputs of a
   * collection node, or a `StoredFile`.
   */
  readonly external: (index: number, node: string, port: string) => unknown
  readonly usesItemId: (node: string) => boolean
  /** Runs the node; encodes and publishes what must be stored. */
  readonly execute: (run: Execution) => Promise<Executed>
  readonly release: (kind: string, value: unknown) => void
  readonly residentBytes: (kind: string, value: unknown) => number
  /** For transient values; absent: as much as they need. */
  readonly room?: Room
  readonly describe: (task: number, error: unknown) => Diagnostic
}

export interface Execution {
  readonly task: number
  readonly key: Key
  readonly inputs: { readonly [port: string]: unknown }
  readonly wanted: ReadonlySet<string>
  /** Digests of an earlier execution, when a value is made again. */
  readonly known: { readonly [port: string]: Digest } | undefined
}

export interface Executed {
  readonly values: { readonly [port: string]: unknown }
  readonly digests: { readonly [port: string]: Digest }
}

/** Thrown by `host.external` when the blob behind an input is gone. */
export class LostInput extends Error {
  readonly external: number
  readonly item: string | undefined

  constructor(external: number, item: string | undefined) {
    super('internal: an input is lost')
    this.external = external
    this.item = item
  }
}

/** A task that could not give what was asked, because it failed or one before it did. */
class Unavailable extends Error {}

interface TaskState {
  key: Promise<Key> | undefined
  digests: { readonly [port: string]: Digest } | undefined
  found: Promise<void> | undefined
  readonly values: Map<string, unknown>
  status: 'open' | 'hit' | 'ran' | 'failed' | 'skipped'
}

export async function evaluateUnit(group: WireGroup, unit: Unit, host: UnitHost): Promise<UnitResult> {
  const states: TaskState[] = group.tasks.map(() => ({
    key: undefined,
    digests: undefined,
    found: undefined,
    values: new Map(),
    status: 'open',
  }))
  const failures: { task: number; problem: Diagnostic }[] = []
  const consumers = consumersByPort(group)
  /** Values somebody is about to read: how many. */
  const pins = new Map<string, number>()
  let transientBytes = 0
  let peakTransientBytes = 0
  let lost: LostInput | undefined

  try {
    const exports = await evaluateExports()
    return {
      exports,
      hits: tasksWith('hit'),
      failures,
      skipped: tasksWith('skipped'),
      lost: undefined,
      peakTransientBytes,
    }
  } catch (error) {
    if (!(error instanceof LostInput)) throw error
    lost = error
    return {
      exports: [],
      hits: [],
      failures: [],
      skipped: [],
      lost: { external: lost.external, item: lost.item },
      peakTransientBytes,
    }
  } finally {
    for (const [task, state] of states.entries()) for (const port of [...state.values.keys()]) dropValue(task, port)
  }

  async function evaluateExports(): Promise<readonly ExportResult[]> {
    const results: ExportResult[] = []
    for (const i of exportsByEffort(group)) {
      const { task, port } = group.exports[i]!
      try {
        const digest = await digestOf(task, port)
        if (unit.wantValues.includes(i)) {
          // The digest of a node that makes items is that of their list; the lost bytes are those of an item.
          if (group.form === 'scatter' || group.form === 'split') await run(task, new Set([port]))
          else await valueFrom(task, port)
        }
        results[i] = { state: 'known', digest }
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error
        results[i] = { state: 'failed', task }
      }
    }
    // Nobody asked for these: there was no need, or somebody failed before asking.
    for (const state of states) if (state.status === 'open') state.status = failures.length > 0 ? 'skipped' : 'hit'
    return results
  }

  function tasksWith(status: TaskState['status']): readonly number[] {
    return states.flatMap((state, task) => (state.status === status ? [task] : []))
  }

  async function digestOf(task: number, port: string): Promise<Digest> {
    const state = states[task]!
    state.found ??= find(task)
    await state.found
    const digest = state.digests?.[port]
    if (digest === undefined) throw new Error(`internal: ${group.tasks[task]!.address} has no digest for ${port}`)
    return digest
  }

  /** By its row, or else by running it. */
  async function find(task: number): Promise<void> {
    const state = states[task]!
    const row = host.lookup(await keyOf(task))
    const known = row !== undefined && storedPorts(task).every(port => row.outputs[port] !== undefined)
    if (known) state.digests = row.outputs
    if (known && !unit.forced.includes(task)) {
      state.status = 'hit'
      settle(task)
    } else {
      await run(task, new Set(storedPorts(task)))
    }
  }

  function keyOf(task: number): Promise<Key> {
    const state = states[task]!
    state.key ??= deriveKey(task)
    return state.key
  }

  async function deriveKey(task: number): Promise<Key> {
    const { recipe, inputs, node } = group.tasks[task]!
    const parts: [string, string[]][] = []
    try {
      for (const input of inputs) {
        const digests: string[] = []
        for (const source of input.sources) digests.push(await identityOf(source))
        parts.push([input.port, digests])
      }
    } catch (error) {
      if (error instanceof Unavailable) states[task]!.status = 'skipped'
      throw error
    }
    if (unit.file !== undefined) parts.push(['file', [unit.file.sha256]])
    return taskKey(recipe, parts, host.usesItemId(node) ? unit.item : undefined)
  }

  /** A digest; for a transient value the key of the task that makes it. */
  function identityOf(source: WireSource): Promise<string> | string {
    if ('external' in source) return unit.externals[source.external]!
    return isTransient(source.task, source.port) ? keyOf(source.task) : digestOf(source.task, source.port)
  }

  async function valueFrom(task: number, port: string): Promise<unknown> {
    const state = states[task]!
    if (state.values.has(port)) return state.values.get(port)
    if (!isTransient(task, port)) {
      const digest = await digestOf(task, port)
      // It may just have been made on the way to its digest.
      if (state.values.has(port)) return state.values.get(port)
      const value = host.read(digest, kindOf(task, port))
      if (value !== undefined) {
        keepValue(task, port, value)
        return value
      }
    }
    await run(task, new Set([port]))
    return state.values.get(port)
  }

  async function run(task: number, requested: ReadonlySet<string>): Promise<void> {
    const state = states[task]!
    if (state.status === 'failed' || state.status === 'skipped') throw new Unavailable()
    const key = await keyOf(task)
    // Known or not, it will read its inputs now: nobody may free them in between.
    state.status = 'open'
    const pinned: string[] = []
    try {
      await runWith(task, key, requested, await inputValues(task, pinned))
    } finally {
      for (const name of pinned) pins.set(name, pins.get(name)! - 1)
    }
  }

  async function runWith(
    task: number,
    key: Key,
    requested: ReadonlySet<string>,
    inputs: { readonly [port: string]: unknown },
  ): Promise<void> {
    const state = states[task]!
    const wanted = new Set(requested)
    for (const { port, persist } of group.tasks[task]!.outputs) {
      if (persist === 'transient' && hasOpenConsumer(task, port) && !state.values.has(port)) wanted.add(port)
    }
    try {
      const { values, digests } = await host.execute({ task, key, inputs, wanted, known: state.digests })
      state.digests = { ...digests, ...state.digests }
      state.status = 'ran'
      for (const [port, value] of Object.entries(values)) keepValue(task, port, value)
      settle(task)
    } catch (error) {
      if (error instanceof LostInput) throw error
      state.status = 'failed'
      failures.push({ task, problem: host.describe(task, error) })
      throw new Unavailable()
    }
  }

  /** Pins what it gathers: the second value may need so much room that the first would have to go. */
  async function inputValues(task: number, pinned: string[]): Promise<{ readonly [port: string]: unknown }> {
    const inputs: { [port: string]: unknown } = {}
    try {
      for (const input of group.tasks[task]!.inputs) {
        const values: unknown[] = []
        for (const source of input.sources) {
          if ('external' in source) {
            values.push(host.external(source.external, group.tasks[task]!.node, input.port))
            continue
          }
          const name = `${source.task}.${source.port}`
          pins.set(name, (pins.get(name) ?? 0) + 1)
          pinned.push(name)
          values.push(await valueFrom(source.task, source.port))
        }
        inputs[input.port] = input.many ? values : values[0]
      }
    } catch (error) {
      if (error instanceof Unavailable) states[task]!.status = 'skipped'
      throw error
    }
    if (unit.file !== undefined) inputs['file'] = unit.file
    return inputs
  }

  function storedPorts(task: number): readonly string[] {
    return group.tasks[task]!.outputs.filter(output => output.persist !== 'transient').map(output => output.port)
  }

  function isTransient(task: number, port: string): boolean {
    return group.tasks[task]!.outputs.find(output => output.port === port)?.persist === 'transient'
  }

  function kindOf(task: number, port: string): string {
    return group.tasks[task]!.outputs.find(output => output.port === port)!.kind
  }

  function hasOpenConsumer(task: number, port: string): boolean {
    return (consumers.get(`${task}.${port}`) ?? []).some(consumer => states[consumer]!.status === 'open')
  }

  function keepValue(task: number, port: string, value: unknown): void {
    const { values } = states[task]!
    if (values.has(port)) {
      // Made twice, and the first one may be in use.
      host.release(kindOf(task, port), value)
      return
    }
    values.set(port, value)
    if (isTransient(task, port)) {
      const bytes = host.residentBytes(kindOf(task, port), value)
      host.room?.take(bytes)
      transientBytes += bytes
      peakTransientBytes = Math.max(peakTransientBytes, transientBytes)
    }
    while (host.room?.isOver() && dropNeededLast()) {}
  }

  /** Of the transient values nobody is about to read, the one whose next reader comes last. */
  function dropNeededLast(): boolean {
    let last: { readonly task: number; readonly port: string; readonly reader: number } | undefined
    for (const [task, { values }] of states.entries()) {
      for (const port of values.keys()) {
        const name = `${task}.${port}`
        if (!isTransient(task, port) || (pins.get(name) ?? 0) > 0) continue
        const readers = (consumers.get(name) ?? []).filter(one => states[one]!.status === 'open')
        const reader = readers.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...readers)
        if (last === undefined || reader > last.reader) last = { task, port, reader }
      }
    }
    if (last === undefined) return false
    dropValue(last.task, last.port)
    return true
  }

  function dropValue(task: number, port: string): void {
    const { values } = states[task]!
    if (!values.has(port)) return
    const value = values.get(port)
    values.delete(port)
    if (isTransient(task, port)) {
      const bytes = host.residentBytes(kindOf(task, port), value)
      host.room?.free(bytes)
      transientBytes -= bytes
    }
    host.release(kindOf(task, port), value)
  }

  /** Frees input values nobody in this unit will ask for again. */
  function settle(task: number): void {
    for (const input of group.tasks[task]!.inputs) {
      for (const source of input.sources) {
        if ('external' in source || hasOpenConsumer(source.task, source.port)) continue
        dropValue(source.task, source.port)
      }
    }
  }
}

/**
 * The export that rests on most tasks comes last: once it is stored, so is all the rest, and after a crash nothing
 * transient has to be made again for the sake of a smaller one.
 */
function exportsByEffort(group: WireGroup): readonly number[] {
  const before: Set<number>[] = []
  for (const [task, { inputs }] of group.tasks.entries()) {
    const own = new Set([task])
    for (const source of inputs.flatMap(input => input.sources)) {
      if ('task' in source) for (const one of before[source.task]!) own.add(one)
    }
    before.push(own)
  }
  const effort = group.exports.map(({ task }) => before[task]!.size)
  return group.exports.map((_, i) => i).sort((a, b) => effort[a]! - effort[b]! || a - b)
}

function consumersByPort(group: WireGroup): ReadonlyMap<string, readonly number[]> {
  const consumers = new Map<string, number[]>()
  for (const [task, { inputs }] of group.tasks.entries()) {
    for (const source of inputs.flatMap(input => input.sources)) {
      if ('external' in source) continue
      const name = `${source.task}.${source.port}`
      consumers.set(name, [...(consumers.get(name) ?? []), task])
    }
  }
  return consumers
}
