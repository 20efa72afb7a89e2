import { type Diagnostic, diagnosticOf, TaskError } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import { decodeManifest } from '../base/manifest.ts'
import type { Kind } from '../contract/kind.ts'
import type { Closable, Collection, NodeDefinition, RunContext, StoredFile, Values } from '../contract/node.ts'
import type { CompiledFunction } from '../contract/pipeline-function.ts'
import type { Registry } from '../contract/registry.ts'
import type { NewBlob, StoreReader } from '../contract/store.ts'
import type { Batcher } from './batcher.ts'
import { encodeValue } from './encode-value.ts'
import { openFunction } from './open-function.ts'
import type { Room } from './room.ts'
import { runScatter } from './scatter.ts'
import type { Scratch } from './scratch.ts'
import { type AttemptRules, attemptTask } from './task-attempts.ts'
import { type Executed, type Execution, LostInput, type UnitHost } from './unit.ts'
import type { TaskOutcome, Unit, WireGroup, WireTask } from './wire.ts'

/** What a worker lends to the units it runs. */
export interface WorkerServices {
  readonly registry: Registry
  readonly reader: StoreReader
  readonly device: string
  readonly keepAuto: boolean
  readonly memoryBytes: number
  /** For the transient values of all units here. */
  readonly room: Room
  /** For those there is no room for. */
  readonly scratch: Scratch
  readonly batcher: Batcher
  readonly signal: AbortSignal
  readonly resource: <T extends Closable>(name: string, open: () => Promise<T>) => Promise<T>
  readonly publish: (unit: number, outcome: TaskOutcome) => Promise<void>
  readonly note: (unit: number, task: number, message: string) => void
  /** A task with a time limit is under way, and is over. */
  readonly begun: (unit: number, task: number, limitMs: number) => void
  readonly ended: (unit: number, task: number) => void
}

/** Connects the evaluation of one unit to nodes, codecs and the store. */
export function createUnitHost(
  group: WireGroup,
  unit: Unit,
  hungTasks: readonly number[],
  services: WorkerServices,
): UnitHost {
  const { registry, reader } = services
  const sourcePaths = new Map(unit.sourcePaths)
  const externals = new Map<number, unknown>()

  return {
    lookup: key => reader.task(key),
    read(digest, kind) {
      const bytes = reader.read(digest)
      return bytes === undefined ? undefined : kindNamed(registry, kind).decode(bytes)
    },
    external(index, node, port) {
      if (nodeNamed(registry, node).inputs[port]?.as === 'file') return storedFile(group, unit, index, reader)
      if (!externals.has(index)) externals.set(index, openExternal(group, unit, index, services))
      return externals.get(index)
    },
    usesItemId: node => nodeNamed(registry, node).usesItemId === true,
    execute,
    release: (kind, value) => kindNamed(registry, kind).release?.(value),
    residentBytes: (kind, value) => kindNamed(registry, kind).residentBytes?.(value) ?? 0,
    describe: (_, error) => describeError(error),
    room: services.room,
    scratch: {
      expectedMs: (kind, bytes) =>
        kindNamed(registry, kind).spill === undefined ? Number.POSITIVE_INFINITY : services.scratch.expectedMs(bytes),
      put: (kind, value, bytes) => services.scratch.put(kindNamed(registry, kind), value, bytes),
    },
  }

  async function execute(run: Execution): Promise<Executed> {
    const { rules = onlyOnce } = group.tasks[run.task]!
    const hungBefore = hungTasks.filter(task => task === run.task).length
    const { outcome, ...made } = await attemptTask(
      rules,
      hungBefore,
      services.signal,
      {
        begun: limitMs => services.begun(unit.id, run.task, limitMs),
        ended: () => services.ended(unit.id, run.task),
        retrying: (error, failures) => {
          const { message } = describeError(error)
          services.note(unit.id, run.task, `${message}; trying again (${failures} of ${rules.retries})`)
        },
      },
      signal => runNode(run, signal),
    )
    await services.publish(unit.id, outcome)
    return { ...made, durationMs: outcome.durationMs }
  }

  /** Runs the node once; nothing is stored but the items of a scatter node, which come as they are made. */
  async function runNode(run: Execution, signal: AbortSignal): Promise<Made> {
    const task = group.tasks[run.task]!
    const node = nodeNamed(registry, task.node)
    let inferences = 0
    const context: RunContext = {
      itemId: node.usesItemId ? unit.item : undefined,
      wanted: run.wanted,
      device: services.device,
      inputTypes: task.inputTypes,
      signal,
      sourcePath(digest) {
        const path = sourcePaths.get(digest)
        if (path === undefined) throw new Error(`internal: no source file with sha256 ${digest} travels with this item`)
        return path
      },
      scratchFile: extension => reader.scratchFile(extension),
      resource: services.resource,
      memoryBytes: services.memoryBytes,
      inferred: views => {
        inferences += views
      },
      note: message => services.note(unit.id, run.task, message),
      pipeline: param =>
        openFunction((task.params as Values)[param] as CompiledFunction, run.inputs, {
          registry,
          outer: context,
          memoryBytes: services.memoryBytes,
        }),
    }
    const startedMs = performance.now()
    // A time limit is for one item.
    const together = node.batch !== undefined && task.rules?.timeoutMs === undefined
    let sharedMs: number | undefined
    const returned = together
      ? services.batcher.run(alikeOf(run, task), node, run.inputs, task.params, context).then(share => {
          sharedMs = share.durationMs
          return share.values
        })
      : node.run(run.inputs as never, task.params as never, context)
    const outcomeOf = (digests: { readonly [port: string]: Digest }, blobs: readonly NewBlob[]): TaskOutcome => ({
      task: run.task,
      partial: false,
      key: run.key,
      outputs: run.known ?? digests,
      blobs,
      rebuilt: run.known !== undefined,
      unstable: Object.keys(digests).filter(port => run.known !== undefined && run.known[port] !== digests[port]),
      durationMs: sharedMs ?? performance.now() - startedMs,
      inferences,
    })
    if (isAsyncIterable(returned)) {
      const { digests, blobs } = await runScatter(returned, run, task, registry, part =>
        services.publish(unit.id, { ...outcomeOf({}, []), ...part, partial: true }),
      )
      return { values: {}, digests, outcome: outcomeOf(digests, blobs) }
    }
    const values = await returned
    refuseTooBig(registry, task.outputs, values, services.memoryBytes)
    const digests: { [port: string]: Digest } = {}
    const blobs: NewBlob[] = []
    for (const { port, kind, persist } of task.outputs) {
      if (persist === 'transient' || !run.wanted.has(port)) continue
      const blob = await encodeValue(kindNamed(registry, kind), values[port], `${task.address}.${port}`)
      digests[port] = blob.digest
      if (persist === 'always' || (persist === 'auto' && services.keepAuto)) blobs.push(blob)
    }
    return { values, digests, outcome: outcomeOf(digests, blobs) }
  }
}

/** Equal for tasks of several items that may run as a batch. */
function alikeOf({ wanted }: Execution, { cell, node }: WireTask): string {
  return `${node} ${cell} ${[...wanted].sort().join()}`
}

/** A transient value that would not fit if it were the only one. Everything else is a matter of order. */
function refuseTooBig(
  registry: Registry,
  outputs: WireTask['outputs'],
  values: { readonly [port: string]: unknown },
  memoryBytes: number,
): void {
  const held = outputs.filter(({ port, persist }) => persist === 'transient' && values[port] !== undefined)
  const bytesOf = ({ kind, port }: (typeof held)[number]) =>
    kindNamed(registry, kind).residentBytes?.(values[port]) ?? 0
  const tooBig = held.find(output => bytesOf(output) > memoryBytes)
  if (tooBig === undefined) return
  const bytes = bytesOf(tooBig)
  for (const { kind, port } of held) kindNamed(registry, kind).release?.(values[port])
  throw new TaskError({
    code: 'too-little-memory',
    message: `${tooBig.port} takes ${mebibytes(bytes)} for this item alone; a worker has ${mebibytes(memoryBytes)}`,
    fix: 'show it at a smaller scale, give the run more memory (--memory), or use fewer --slots',
  })
}

const mebibytes = (bytes: number) => `${Math.ceil(bytes / 2 ** 20)} MiB`

const onlyOnce: AttemptRules = { retries: 0, timeoutMs: undefined }

/** What one run of a node made, encoded and not stored yet. */
interface Made extends Omit<Executed, 'durationMs'> {
  readonly outcome: TaskOutcome
}

/** The value as a file; its bytes are looked for when the node asks for them. */
function storedFile(group: WireGroup, unit: Unit, index: number, reader: StoreReader): StoredFile | undefined {
  const sha256 = unit.externals[index]!
  if (sha256 === missingInput) return undefined
  return {
    kind: group.externals[index]!.kind,
    sha256,
    path: () => {
      const path = reader.file(sha256)
      if (path === undefined) throw new LostInput(index, undefined)
      return path
    },
  }
}

/** A value, or the collection a collection node walks; thrown as `LostInput` when its bytes are gone. */
function openExternal(group: WireGroup, unit: Unit, index: number, { registry, reader }: WorkerServices): unknown {
  const { kind: kindName, per, children } = group.externals[index]!
  const kind = kindNamed(registry, kindName)
  const digest = unit.externals[index]!
  if (digest === missingInput) return undefined
  const own = unit.manifests.find(([name]) => name === digest)?.[1]
  const bytes = own ?? reader.read(digest)
  if (bytes === undefined) throw new LostInput(index, undefined)
  const walks = group.form === 'collection' || group.form === 'scatter' || children
  if (per === 'collection' || !walks) return kind.decode(bytes)
  const { ids, digests } = decodeManifest(bytes)
  const collection: Collection = {
    digest,
    ids,
    failed: new Set(ids.filter((_, i) => digests[i] === undefined)),
    items: {
      async *[Symbol.asyncIterator]() {
        for (const [i, id] of ids.entries()) {
          const itemDigest = digests[i]
          if (itemDigest === undefined) continue
          const itemBytes = reader.read(itemDigest)
          if (itemBytes === undefined) throw new LostInput(index, id)
          yield { id, value: kind.decode(itemBytes) }
        }
      },
    },
  }
  return collection
}

/** Stands for the digest of an input that a `left` join did not find. */
export const missingInput: Digest = 'missing'

function nodeNamed(registry: Registry, name: string): NodeDefinition {
  const node = registry.nodes.get(name)
  if (node === undefined) throw new Error(`internal: the worker's registry has no node ${name}`)
  return node
}

function kindNamed(registry: Registry, name: string): Kind {
  const kind = registry.kinds.get(name)
  if (kind === undefined) throw new Error(`internal: the worker's registry has no kind ${name}`)
  return kind
}

/** Problems keep their own words; anything else is a bug of a node or a library and shows where it came from. */
function describeError(error: unknown): Diagnostic {
  const known = diagnosticOf(error)
  if (known !== undefined) return known
  const { message, stack } = error instanceof Error ? error : new Error(String(error))
  const frames = (stack ?? '')
    .split('\n')
    .slice(1, 4)
    .map(line => line.trim())
  return { code: 'node-error', message, notes: frames.map(frame => ({ message: frame })) }
}

function isAsyncIterable(
  value: unknown,
): value is AsyncIterable<{ readonly id: string; readonly outputs: { readonly [port: string]: unknown } }> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value
}
