import { TaskError } from '../base/diagnostic.ts'
import { recordDigest } from '../base/digest.ts'
import type { Facets } from '../contract/kind.ts'
import type { CheckContext } from '../contract/node.ts'
import type { Feed } from './align.ts'
import type { NodeParams } from './node-params.ts'
import { type Problem, writtenPath } from './problems.ts'
import type { ProtoStep, Workshop } from './proto.ts'

/** What a node says of its outputs before it runs; undefined if it found a problem (reported). */
export async function outputFacets(
  step: ProtoStep,
  params: NodeParams,
  feeds: ReadonlyMap<string, readonly Feed[]>,
  facetsOf: (feed: Feed) => Facets,
  { surroundings, problems, targets, deferred }: Workshop,
  more: Pick<CheckContext, 'pipelines' | 'selectedBy'>,
): Promise<{ readonly [port: string]: Facets } | undefined> {
  if (step.node.types === undefined) return {}
  // A flag: a problem that another cell has as well is not added again.
  let told = false
  const at = ['steps', step.declaration.id]
  const context: CheckContext = {
    inputs: Object.fromEntries([...feeds].map(([port, list]) => [port, list.map(facetsOf)])),
    device: surroundings.device,
    permits: surroundings.permits,
    used: portsUsed(step, targets),
    readFile: surroundings.readFile,
    memo: async (name, sha256, compute) => {
      const key = recordDigest('maskloom.memo.1', name, sha256)
      const known = surroundings.memo.get(key)
      if (known !== undefined) return JSON.parse(known)
      const value = await compute()
      surroundings.memo.set(key, JSON.stringify(value))
      return value
    },
    ...more,
    deferred: what => {
      if (deferred.some(one => one.step === step.id && one.what === what)) return
      deferred.push({ step: step.id, what, at: step.instance.file.locate(at, 'key') })
    },
    problem: ({ code = 'bad-content', message, fix, param, path: below = [], input }) => {
      told = true
      const tree = param === undefined ? undefined : step.declaration.with[param]
      const path =
        param !== undefined && tree !== undefined
          ? [...at, 'with', param, ...writtenPath(tree, below)]
          : input !== undefined
            ? [...at, 'in', input]
            : at
      problems.add(step.instance, path, { code, message, fix, at: path === at ? 'key' : 'value' })
    },
  }
  try {
    const facets = await step.node.types(params.params as never, context)
    return told ? undefined : facets
  } catch (error) {
    problems.add(step.instance, at, { ...problemOf(error), at: 'key' })
    return undefined
  }
}

/** A problem in the node's words, or that a file could not be read; anything else is a bug of the node. */
function problemOf(error: unknown): Problem {
  if (error instanceof TaskError) {
    const { code, message, fix } = error.diagnostic
    return { code, message, fix }
  }
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown }
  if (typeof code !== 'string') throw error
  return { code: 'unreadable-file', message: String(message), fix: 'check that the file is there and may be read' }
}

function portsUsed({ instance, declaration }: ProtoStep, targets: readonly string[]): ReadonlySet<string> {
  const { steps, outputs } = instance.file
  const inputs = [...steps.values()].flatMap(step => [
    ...[...step.in.values()].flatMap(({ sources }) => sources),
    ...(step.items === undefined ? [] : [step.items]),
  ])
  const prefix = `${declaration.id}.`
  const written = [...inputs, ...outputs.values()].map(({ from }) => from)
  const references = instance.prefix === '' ? [...written, ...targets] : written
  return new Set(references.filter(from => from.startsWith(prefix)).map(from => from.slice(prefix.length)))
}
