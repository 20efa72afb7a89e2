import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openLeases } from '../../cache/leases.ts'
import { openStore, type StoreOptions } from '../../cache/open.ts'
import { createExplainer, type Explainer } from '../../engine/api/explain.ts'
import { listFiles, realSurroundings } from '../../engine/api/surroundings.ts'
import type { RunEvent, RunFinished } from '../../engine/contract/event.ts'
import type { Graph } from '../../engine/contract/graph.ts'
import type { Leases } from '../../engine/contract/lease.ts'
import type { Registry } from '../../engine/contract/registry.ts'
import type { Store } from '../../engine/contract/store.ts'
import { mergeSettings, settingsFromArguments, settingsFromFile } from '../../engine/load/settings.ts'
import { compile } from '../../engine/plan/compile.ts'
import type { WhyReport } from '../../engine/report/why.ts'
import { type Forecast, forecast } from '../../engine/run/forecast.ts'
import { listItems } from '../../engine/run/list-items.ts'
import { createLocalExecutor } from '../../engine/run/local-executor.ts'
import { type RunHandle, startRun } from '../../engine/run/run.ts'
import { fakeRegistry } from './fake-registry.ts'

export interface RigRunOptions {
  readonly set?: readonly string[]
  /** Default: `pipeline.yaml`. */
  readonly pipeline?: string
  readonly targets?: readonly string[]
  readonly keepGoing?: boolean
  readonly forced?: readonly string[]
  readonly slots?: number
  /** Default: `cpu`. */
  readonly devices?: readonly string[]
  readonly memoryBytes?: number
  readonly batchSize?: number
  readonly threads?: number
  readonly out?: string
  readonly cache?: string
  readonly attempts?: number
  /** Faults of the file system or the database; a clock. */
  readonly store?: Pick<StoreOptions, 'files' | 'database' | 'now'>
  /** Default: those of the store. */
  readonly openLeases?: () => Leases
  /** Called for every event, with a handle on the run: stop it, look at it. */
  readonly onEvent?: (event: RunEvent, handle: RunHandle) => void
}

/** The world may differ from the one of the runs: other nodes, another environment, parameters from a file. */
export interface ExplainOptions {
  readonly item?: string
  readonly set?: readonly string[]
  readonly params?: string
  readonly registry?: Registry
  readonly environment?: { readonly [name: string]: string }
}

export interface RigRun {
  readonly finished: RunFinished
  readonly events: readonly RunEvent[]
  /** What nodes wrote down: "scan m alpha map+outline", sorted. */
  readonly executed: readonly string[]
  /** By output name, and relative path for outputs of several files. */
  readonly outputs: { readonly [file: string]: string }
}

/** A folder with texts, pipelines and a cache, and real workers: runs of the engine with the nodes of `fake-registry`. */
export interface Rig {
  readonly folder: string
  readonly write: (path: string, text: string) => void
  readonly remove: (path: string) => void
  readonly compile: (options?: Pick<RigRunOptions, 'set' | 'targets' | 'cache'>) => Promise<Graph>
  readonly run: (options?: RigRunOptions) => Promise<RigRun>
  /** What `why` says of every cell of a step. */
  readonly why: (step: string, options?: ExplainOptions) => Promise<readonly WhyReport[]>
  /** The same with the forecast behind it, while the store is open. */
  readonly explain: <T>(
    options: ExplainOptions,
    use: (explainer: Explainer, result: Forecast, graph: Graph) => T,
  ) => Promise<T>
  /** Opens the cache between runs. */
  readonly withStore: <T>(use: (store: Store) => T) => T
  readonly close: () => void
}

const storeUrl = new URL('../../dist/cache/open.js', import.meta.url)

/** @param texts - file name without extension → text. */
export function createRig(
  pipeline: string,
  texts: { readonly [name: string]: string } = {},
  ownRegistry: Registry = fakeRegistry,
): Rig {
  if (!existsSync(fileURLToPath(storeUrl))) throw new Error('workers run compiled code: `npm run build` first')
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-rig-'))
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  write('maskloom.config.yaml', '')
  write('pipeline.yaml', pipeline)
  for (const [name, text] of Object.entries(texts)) write(`texts/${name}.txt`, text)

  async function compiled(store: Store, options: Pick<RigRunOptions, 'set' | 'targets' | 'pipeline'> & ExplainOptions) {
    const registry = options.registry ?? ownRegistry
    const surroundings = realSurroundings(store, {
      root: folder,
      allowOutside: false,
      permits: { commands: false },
      device: 'cpu',
      environment: options.environment ?? process.env,
    })
    const loaded = surroundings.loadPipeline(join(folder, options.pipeline ?? 'pipeline.yaml'))
    if (!loaded.ok) throw new Error(`the pipeline of the test: ${JSON.stringify(loaded.problems, null, 1)}`)
    const root = loaded.value
    const file = options.params === undefined ? [] : [join(folder, options.params)]
    const settings = mergeSettings([
      ...file.map(path => settingsFromFile(path, readFileSync(path, 'utf8'), root.params)),
      settingsFromArguments(options.set ?? [], root.params, folder),
    ])
    if (settings.problems.length > 0) throw new Error(JSON.stringify(settings.problems, null, 1))
    const targets = options.targets ?? []
    const result = await compile({ root, given: settings.values, targets, registry, surroundings })
    if (!result.ok) throw new Error(`the pipeline of the test: ${JSON.stringify(result.problems, null, 1)}`)
    return result
  }

  async function run(options: RigRunOptions = {}): Promise<RigRun> {
    const log = join(folder, `log-${Math.random().toString(36).slice(2)}`)
    process.env['MASKLOOM_FAKE_LOG'] = log
    const events: RunEvent[] = []
    const remark = (message: string) =>
      void events.push({ type: 'remark', atMs: 0, step: undefined, item: undefined, message })
    const store = openStore(join(folder, options.cache ?? '.maskloom'), { ...options.store, remark })
    try {
      const { graph, recipes } = await compiled(store, options)
      const outDirectory = join(folder, options.out ?? 'out')
      const executor = createLocalExecutor({
        registryUrl: ownRegistry.url,
        storeUrl: storeUrl.href,
        storeDirectory: store.directory!,
        keepAuto: true,
        devices: options.devices ?? ['cpu'],
        slotsPerDevice: options.slots ?? 1,
        threads: options.threads ?? 1,
        ...(options.batchSize === undefined ? {} : { batchSize: options.batchSize }),
        ...(options.memoryBytes === undefined ? {} : { memoryBytes: options.memoryBytes }),
        ...(options.attempts === undefined ? {} : { attempts: options.attempts }),
      })
      let handle: RunHandle | undefined
      const early: RunEvent[] = []
      const hear = (event: RunEvent) => {
        events.push(event)
        if (handle === undefined) early.push(event)
        else options.onEvent?.(event, handle)
      }
      handle = startRun({
        runId: `run-${Math.random().toString(36).slice(2)}`,
        graph,
        recipes,
        registry: ownRegistry,
        store,
        executor,
        openLeases: options.openLeases ?? (() => openLeases(store.directory!, { ...options.store, remark })),
        emit: hear,
        nowMs: options.store?.now ?? Date.now,
        outDirectory,
        memoryBudgetBytes: options.memoryBytes ?? 2 ** 30,
        keepGoing: options.keepGoing === true,
        forcedSteps: options.forced ?? [],
        listFiles,
        paramsJson: '{}',
      })
      for (const event of early) options.onEvent?.(event, handle)
      const finished = await handle.finished
      const executed = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').sort() : []
      return { finished, events, executed, outputs: readTree(outDirectory) }
    } finally {
      store.close()
      delete process.env['MASKLOOM_FAKE_LOG']
    }
  }

  async function explain<T>(
    options: ExplainOptions,
    use: (explainer: Explainer, result: Forecast, graph: Graph) => T,
  ): Promise<T> {
    const store = openStore(join(folder, '.maskloom'))
    const registry = options.registry ?? ownRegistry
    try {
      const found = await compiled(store, options)
      const { graph } = found
      const list = (cell: number) => listItems(graph, cell, registry, store, listFiles)
      const result = forecast(graph, { registry, store, listItems: list })
      return use(createExplainer(result, found, store, registry), result, graph)
    } finally {
      store.close()
    }
  }

  async function why(step: string, options: ExplainOptions = {}): Promise<readonly WhyReport[]> {
    return explain(options, (explainer, _result, graph) =>
      graph.steps.flatMap(one =>
        one.cells
          .filter(cell => one.id === step || cell.address === step)
          .map(cell => explainer.why(cell.index, options.item)),
      ),
    )
  }

  function withStore<T>(use: (store: Store) => T): T {
    const store = openStore(join(folder, '.maskloom'))
    try {
      return use(store)
    } finally {
      store.close()
    }
  }

  return {
    folder,
    write,
    remove: path => rmSync(join(folder, path), { recursive: true }),
    compile: async (options = {}) => {
      const store = openStore(join(folder, options.cache ?? '.maskloom'))
      try {
        return (await compiled(store, options)).graph
      } finally {
        store.close()
      }
    },
    run,
    why,
    explain,
    withStore,
    close: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** Every file below a folder: relative path → text. */
export function readTree(folder: string): { readonly [file: string]: string } {
  if (!existsSync(folder)) return {}
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files.map(entry => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map(path => [relative(folder, path), readFileSync(path, 'utf8')]))
}

/** `task.done` events as "address item", sorted; those of rebuilt tasks end in " rebuilt". */
export function doneTasks(run: Pick<RigRun, 'events'>): readonly string[] {
  return run.events
    .flatMap(event =>
      event.type === 'task.done'
        ? [[event.address, event.item, event.rebuilt ? 'rebuilt' : undefined].filter(Boolean).join(' ')]
        : [],
    )
    .sort()
}

/**
 * By step: [announced tasks, tasks with a terminal event]. In every run, however it ends, both are the same.
 */
export function ledger(run: Pick<RigRun, 'events'>): { readonly [step: string]: readonly [number, number] } {
  const steps: { [step: string]: [number, number] } = {}
  const at = (step: string) => {
    steps[step] ??= [0, 0]
    return steps[step]
  }
  for (const event of run.events) {
    if (event.type === 'step.items') at(event.step)[0] = event.tasks
    if (event.type === 'task.hits' || event.type === 'task.skipped') at(event.step)[1] += event.tasks
    if (event.type === 'task.failed' || (event.type === 'task.done' && !event.again)) at(event.step)[1]++
  }
  return steps
}

/** Steps whose ledger does not add up. */
export function imbalance(run: Pick<RigRun, 'events'>): { readonly [step: string]: readonly [number, number] } {
  return Object.fromEntries(Object.entries(ledger(run)).filter(([, [announced, ended]]) => announced !== ended))
}
