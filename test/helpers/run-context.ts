import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../../engine/base/canonical.ts'
import type { Facets } from '../../engine/contract/kind.ts'
import type {
  CheckContext,
  CheckProblem,
  Closable,
  NodeDefinition,
  RunContext,
  Values,
} from '../../engine/contract/node.ts'

/** What a node did to its context during a test. */
export interface TestRun {
  readonly context: RunContext
  readonly notes: string[]
  /** Views counted by `inferred`. */
  views: number
  /** Paths that `scratchFile` handed out. */
  readonly scratch: string[]
  /** Closes every resource, in reverse order of opening. */
  close(): Promise<void>
}

export interface TestRunOptions {
  readonly itemId?: string
  readonly wanted?: readonly string[]
  readonly device?: string
  readonly signal?: AbortSignal
  /** Static types of the inputs, for nodes that read class lists from them. */
  readonly inputTypes?: { readonly [port: string]: readonly Facets[] }
  /** Where source files are, by sha256. */
  readonly sources?: { readonly [sha256: string]: string }
  /** Resources that exist already, by name (an in-process session pool instead of the threaded one). */
  readonly resources?: { readonly [name: string]: Closable }
}

/** A `RunContext` for calling a node's `run` in a test, with a memory of what the node did to it. */
export function testRun(options: TestRunOptions = {}): TestRun {
  const opened = new Map<string, Promise<Closable>>()
  for (const [name, resource] of Object.entries(options.resources ?? {})) opened.set(name, Promise.resolve(resource))
  let folder: string | undefined
  const run: TestRun = {
    notes: [],
    views: 0,
    scratch: [],
    context: {
      itemId: options.itemId,
      wanted: new Set(options.wanted ?? []),
      device: options.device ?? 'cpu',
      inputTypes: options.inputTypes ?? {},
      signal: options.signal ?? new AbortController().signal,
      sourcePath: sha256 => {
        const path = options.sources?.[sha256]
        if (path === undefined) throw new Error(`the test gave no source for ${sha256}`)
        return path
      },
      scratchFile: extension => {
        folder ??= mkdtempSync(join(tmpdir(), 'maskloom-test-'))
        const path = join(folder, `${run.scratch.length}.${extension}`)
        run.scratch.push(path)
        return path
      },
      resource: <T extends Closable>(name: string, open: () => Promise<T>) => {
        let resource = opened.get(name)
        if (resource === undefined) {
          resource = open()
          opened.set(name, resource)
        }
        return resource as Promise<T>
      },
      inferred: views => {
        run.views += views
      },
      note: message => {
        run.notes.push(message)
      },
      pipeline: param => {
        throw new Error(`the test gave no pipeline for ${param}`)
      },
    },
    async close() {
      for (const resource of [...opened.values()].reverse()) await (await resource).close()
    },
  }
  return run
}

/** Runs a node that returns its outputs at once; every output port is wanted unless the options say otherwise. */
export async function runNode(
  node: NodeDefinition,
  inputs: Values,
  params: object,
  options: TestRunOptions | TestRun = {},
): Promise<Values> {
  const run = 'context' in options ? options : testRun({ wanted: Object.keys(node.outputs), ...options })
  return (await node.run(inputs as never, params as never, run.context)) as Values
}

export interface TestCheck {
  readonly context: CheckContext
  readonly problems: CheckProblem[]
  /** What was put off until the pipeline runs. */
  readonly deferred: string[]
  /** How often `memo` had to compute. */
  computed: number
}

/** A `CheckContext` for calling a node's `types` in a test; `files` stands in for the disk. */
export function testCheck(
  options: {
    readonly inputs?: { readonly [port: string]: readonly Facets[] }
    readonly device?: string
    readonly permits?: CheckContext['permits']
    readonly used?: readonly string[]
    readonly readFile?: (path: string) => Uint8Array
  } = {},
): TestCheck {
  const memo = new Map<string, Json>()
  const check: TestCheck = {
    problems: [],
    deferred: [],
    computed: 0,
    context: {
      inputs: options.inputs ?? {},
      device: options.device ?? 'cpu',
      permits: options.permits ?? { commands: true },
      used: new Set(options.used ?? []),
      readFile:
        options.readFile ??
        (path => {
          throw new Error(`the test gave no file ${path}`)
        }),
      memo: async <T extends Json>(name: string, sha256: string, compute: () => T | Promise<T>) => {
        const key = `${name} ${sha256}`
        if (!memo.has(key)) {
          check.computed++
          memo.set(key, await compute())
        }
        return memo.get(key) as T
      },
      deferred: what => {
        check.deferred.push(what)
      },
      problem: problem => {
        check.problems.push(problem)
      },
      pipelines: {},
      selectedBy: () => [],
    },
  }
  return check
}
