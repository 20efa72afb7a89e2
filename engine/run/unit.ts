import type { Diagnostic } from '../base/diagnostic.ts'
import type { Digest, Key } from '../base/digest.ts'
import { taskKey } from '../base/keys.ts'
import type { TaskRow } from '../contract/store.ts'
import { createHeldValues, type ValueHost } from './held-values.ts'
import type { ExportResult, Unit, UnitResult, WireGroup, WireSource } from './wire.ts'

/**
 * Makes the exports of one unit, doing nothing that is known. Lazy and recursive: the digest of an output needs the key
 * of its task, a key needs the digests of its inputs, and only a key without a row makes the task run, for which its
 * input *values* are wanted. So after a task has run and its digest came out as before, everything behind it is a hit,
 * and a task whose row exists runs again only if somebody needs a value that is not stored. Where transient values do not
 * fit together, those needed last wait in files or are made again (`held-values.ts`): the results are the same.
 */
export interface UnitHost extends ValueHost {
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
  readonly durationMs: number
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
  status: 'open' | 'hit' | 'ran' | 'failed' | 'skipped'
}

export async function evaluateUnit(group: WireGroup, unit: Unit, host: UnitHost): Promise<UnitResult> {
  const states: TaskState[] = group.tasks.map(() => ({
    key: undefined,
    digests: undefined,
    found: undefined,
    status: 'open',
  }))
  const failures: { task: number; problem: Diagnostic }[] = []
  const held = createHeldValues(group, host, task => states[task]!.status === 'open')

  try {
    const exports = await evaluateExports()
    return {
      exports,
      hits: tasksWith('hit'),
      failures,
      skipped: tasksWith('skipped'),
      lost: undefined,
      memory: held.use(),
    }
  } catch (error) {
    if (!(error instanceof LostInput)) throw error
    return {
      exports: [],
      hits: [],
      failures: [],
      skipped: [],
      lost: { external: error.external, item: error.item },
      memory: held.use(),
    }
  } finally {
    held.releaseAll()
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
      held.settle(task)
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
    const found = await held.get(task, port)
    if (found !== undefined) return found
    if (!isTransient(task, port)) {
      const digest = await digestOf(task, port)
      // It may just have been made on the way to its digest.
      if (held.has(task, port)) return held.get(task, port)
      const value = host.read(digest, kindOf(task, port))
      if (value !== undefined) {
        await held.keep(task, port, value)
        return value
      }
    }
    await run(task, new Set([port]))
    return held.get(task, port)
  }

  async function run(task: number, requested: ReadonlySet<string>): Promise<void> {
    const state = states[task]!
    if (state.status === 'failed' || state.status === 'skipped') throw new Unavailable()
    const key = await keyOf(task)
    // Known or not, it will read its inputs now: nobody may free them in between.
    state.status = 'open'
    const unpin: (() => void)[] = []
    try {
      await runWith(task, key, requested, await inputValues(task, unpin))
    } finally {
      for (const free of unpin) free()
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
      if (persist === 'transient' && held.isAwaited(task, port) && !held.has(task, port)) wanted.add(port)
    }
    try {
      const made = await host.execute({ task, key, inputs, wanted, known: state.digests })
      const { values, digests, durationMs } = made
      held.took(task, durationMs)
      state.digests = { ...digests, ...state.digests }
      state.status = 'ran'
      for (const [port, value] of Object.entries(values)) await held.keep(task, port, value)
      held.settle(task)
    } catch (error) {
      if (error instanceof LostInput) throw error
      state.status = 'failed'
      failures.push({ task, problem: host.describe(task, error) })
      throw new Unavailable()
    }
  }

  /** Pins what it gathers: the second value may need so much room that the first would have to go. */
  async function inputValues(task: number, unpin: (() => void)[]): Promise<{ readonly [port: string]: unknown }> {
    const inputs: { [port: string]: unknown } = {}
    try {
      for (const input of group.tasks[task]!.inputs) {
        const values: unknown[] = []
        for (const source of input.sources) {
          if ('external' in source) {
            values.push(host.external(source.external, group.tasks[task]!.node, input.port))
            continue
          }
          unpin.push(held.pin(source.task, source.port))
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
