import { sha256 } from '../../engine/base/digest.ts'
import type { Room } from '../../engine/run/room.ts'
import type { Waiting } from '../../engine/run/scratch.ts'
import { LostInput, type UnitHost } from '../../engine/run/unit.ts'
import type { Unit, WireGroup, WireSource, WireTask } from '../../engine/run/wire.ts'

export interface TaskText {
  readonly name: string
  /** Ports: `out` stored, `~map` transient, `?out` row only. */
  readonly out: readonly string[]
  /** `name.port` of a task before it, or `external`. */
  readonly reads?: readonly string[]
  /** Part of what it makes; change it and its key changes. */
  readonly recipe?: string
}

/** A group by hand. Every task reads one value per source, through ports `in0`, `in1`, … */
export function unitGroup(texts: readonly TaskText[], exports: readonly string[], externals = 0): WireGroup {
  const at = new Map(texts.map((text, task) => [text.name, task]))
  const sourceOf = (source: string): WireSource => {
    const [name, port] = source.split('.') as [string, string?]
    return port === undefined ? { external: Number(name.replace('external', '') || 0) } : { task: at.get(name)!, port }
  }
  const tasks = texts.map(
    (text, cell): WireTask => ({
      cell,
      address: text.name,
      node: text.name,
      params: {},
      recipe: sha256(text.recipe ?? text.name),
      inputTypes: {},
      inputs: (text.reads ?? []).map((source, i) => ({
        port: `in${i}`,
        per: 'item',
        many: false,
        sources: [sourceOf(source)],
      })),
      outputs: text.out.map(port => ({
        port: port.replace(/^[~?]/, ''),
        kind: port.startsWith('~') ? 'map' : 'text',
        persist: port.startsWith('~') ? 'transient' : port.startsWith('?') ? 'never' : 'always',
      })),
    }),
  )
  return {
    index: 0,
    form: 'items',
    tasks,
    externals: Array.from({ length: externals }, () => ({ kind: 'text', per: 'item', children: false })),
    exports: exports.map(one => sourceOf(one) as { task: number; port: string }),
  }
}

export function unitOf(externals: readonly string[] = [], extra: Partial<Unit> = {}): Unit {
  return {
    id: 0,
    group: 0,
    item: 'item',
    externals: externals.map(value => sha256(value)),
    wantValues: [],
    forced: [],
    file: undefined,
    manifests: [],
    sourcePaths: [],
    ...extra,
  }
}

/** A value in the fake world; `open` is false once a transient one was released. */
interface Held {
  readonly text: string
  open: boolean
}

export interface FakeHost extends UnitHost {
  /** "name:port+port", with " again" when the outputs were known. */
  readonly ran: string[]
  readonly rows: Map<string, { readonly [port: string]: string }>
  readonly blobs: Map<string, string>
  /** Transient values not yet released. */
  readonly alive: () => number
  readonly lostExternals: Set<number>
  readonly failing: Set<string>
  /** What a task makes: by default its name, recipe and inputs; with `constant`, nothing but its name. */
  readonly constant: Set<string>
  /** By task; default: 1. */
  readonly costsMs: Map<string, number>
  /** What files cost, and whether the disk takes and gives back; files open now, and names of what was written. */
  readonly disk: { spillMs: number; takes: boolean; givesBack: boolean; open: number; readonly written: string[] }
  /** Bytes of transient values in memory at the worst moment, counted where they are made and released. */
  readonly peakBytes: () => number
}

/** A store in two maps, and nodes that make text of what they read. The group may change between units. */
export function fakeHost(group: () => WireGroup, externalValues: readonly string[] = [], room?: Room): FakeHost {
  const costsMs = new Map<string, number>()
  const ran: string[] = []
  const rows = new Map<string, { readonly [port: string]: string }>()
  const blobs = new Map<string, string>()
  const lostExternals = new Set<number>()
  const failing = new Set<string>()
  const constant = new Set<string>()
  const held: Held[] = []
  const disk = { spillMs: Number.POSITIVE_INFINITY, takes: true, givesBack: true, open: 0, written: [] as string[] }
  let bytes = 0
  let peakBytes = 0
  const hold = (value: Held): Held => {
    held.push(value)
    bytes += value.text.length
    peakBytes = Math.max(peakBytes, bytes)
    return value
  }
  const host: FakeHost = {
    ran,
    rows,
    blobs,
    lostExternals,
    failing,
    constant,
    costsMs,
    disk,
    peakBytes: () => peakBytes,
    alive: () => held.filter(value => value.open).length,
    lookup: key => {
      const outputs = rows.get(key)
      return outputs && { outputs, durationMs: 0 }
    },
    read: digest => {
      const text = blobs.get(digest)
      return text === undefined ? undefined : { text, open: true }
    },
    external: index => {
      if (lostExternals.has(index)) throw new LostInput(index, undefined)
      return { text: externalValues[index], open: true }
    },
    usesItemId: () => false,
    execute: async ({ task, key, inputs, wanted, known }) => {
      const { address, recipe, outputs } = group().tasks[task]!
      await Promise.resolve()
      ran.push(`${address}:${[...wanted].sort().join('+')}${known === undefined ? '' : ' again'}`)
      if (failing.has(address)) throw new Error(`${address} failed`)
      const read = Object.values(inputs).map(value => {
        if (!(value as Held).open) throw new Error(`${address} was given a released value`)
        return (value as Held).text
      })
      const values: { [port: string]: Held } = {}
      const digests: { [port: string]: string } = {}
      for (const { port, persist } of outputs) {
        if (!wanted.has(port)) continue
        const text = constant.has(address)
          ? `${address}.${port}`
          : `${address}.${port}@${recipe.slice(0, 4)}(${read.join(',')})`
        values[port] = { text, open: true }
        if (persist === 'transient') hold(values[port])
        else digests[port] = sha256(text)
        if (persist === 'always') blobs.set(sha256(text), text)
      }
      rows.set(key, known ?? digests)
      return { values, digests, durationMs: costsMs.get(address) ?? 1 }
    },
    release: (kind, value) => {
      const one = value as Held
      if (!one.open) throw new Error('a value was released twice')
      if (kind === 'map') bytes -= one.text.length
      one.open = false
    },
    scratch: {
      expectedMs: () => disk.spillMs,
      put: async (_, value): Promise<Waiting | undefined> => {
        const { text, open } = value as Held
        if (!open) throw new Error('a released value was written')
        if (!disk.takes) return undefined
        await Promise.resolve()
        disk.written.push(text.slice(0, text.indexOf('.')))
        disk.open++
        return {
          restore: async () => (disk.givesBack ? hold({ text, open: true }) : undefined),
          discard: () => {
            disk.open--
          },
        }
      },
    },
    residentBytes: (_, value) => (value as Held).text.length,
    describe: (_, error) => ({ code: 'node-error', message: (error as Error).message }),
    ...(room === undefined ? {} : { room }),
  }
  return host
}
