import type { NodeDefinition, RunContext, Values } from '../contract/node.ts'

/** What one item got of a batch. */
export interface BatchShare {
  readonly values: Values
  /** Its part of the time the batch took. */
  readonly durationMs: number
}

export interface Batcher {
  /**
   * Runs the node for one item, together with others that are waiting at the same time.
   * @param alike equal for calls that may run together: same node, same parameters, same ports wanted.
   */
  readonly run: (
    alike: string,
    node: NodeDefinition,
    inputs: Values,
    params: unknown,
    context: RunContext,
  ) => Promise<BatchShare>
}

interface Call {
  readonly inputs: Values
  readonly context: RunContext
  readonly resolve: (share: BatchShare) => void
  readonly reject: (error: unknown) => void
}

interface Line {
  readonly calls: Call[]
  busy: boolean
}

/**
 * Batches of the units that are in one worker. Nobody waits for company: a call begins at once if its line is free, and
 * those that come while a batch is running are the next one. When a batch fails, its items are run one by one, so that
 * one bad item fails alone.
 */
export function createBatcher(): Batcher {
  const lines = new Map<string, Line>()

  async function drain(alike: string, node: NodeDefinition, params: unknown, line: Line): Promise<void> {
    line.busy = true
    // Units that arrive together come with the messages of one turn.
    await new Promise(resolve => setImmediate(resolve))
    while (line.calls.length > 0) {
      const batch = line.calls.splice(0, node.batch!.max)
      if (batch.length === 1 || !(await runTogether(node, params, batch))) {
        for (const call of batch) await runAlone(node, params, call)
      }
    }
    line.busy = false
    lines.delete(alike)
  }

  return {
    run(alike, node, inputs, params, context) {
      const line = lines.get(alike) ?? { calls: [], busy: false }
      lines.set(alike, line)
      return new Promise((resolve, reject) => {
        line.calls.push({ inputs, context, resolve, reject })
        if (!line.busy) void drain(alike, node, params, line)
      })
    },
  }
}

/** @returns whether it worked. */
async function runTogether(node: NodeDefinition, params: unknown, batch: readonly Call[]): Promise<boolean> {
  const startedMs = performance.now()
  let results: readonly Values[]
  try {
    const inputs = batch.map(call => call.inputs)
    const contexts = batch.map(call => call.context)
    results = await node.runBatch!(inputs as never, params as never, contexts)
    if (results.length !== batch.length) return false
  } catch {
    return false
  }
  const durationMs = (performance.now() - startedMs) / batch.length
  for (const [i, call] of batch.entries()) call.resolve({ values: results[i]!, durationMs })
  return true
}

async function runAlone(node: NodeDefinition, params: unknown, call: Call): Promise<void> {
  const startedMs = performance.now()
  try {
    const values = (await node.run(call.inputs as never, params as never, call.context)) as Values
    call.resolve({ values, durationMs: performance.now() - startedMs })
  } catch (error) {
    call.reject(error)
  }
}
