import { sha256 } from '../base/digest.ts'
import type { NodeDefinition, RunContext, Values } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'

/**
 * Checks what a node declares with `batch: { bitStable: true }`: a batch of items gives, byte for byte, what they give
 * one by one. Transient outputs have no bytes and are left out.
 *
 * @param contextOf a context for one call; every output port is wanted.
 * @returns the ports and items that differ; nothing if the declaration holds.
 */
export async function batchProblems(
  node: NodeDefinition,
  registry: Registry,
  inputs: readonly Values[],
  params: unknown,
  contextOf: () => RunContext,
): Promise<readonly string[]> {
  if (node.batch === undefined || node.runBatch === undefined) return [`${node.name} declares no batches`]
  if (inputs.length < 2 || inputs.length > node.batch.max)
    return [`${node.name} takes up to ${node.batch.max} at once: give 2 to ${node.batch.max} items`]
  const singles: Values[] = []
  for (const one of inputs) singles.push((await node.run(one as never, params as never, contextOf())) as Values)
  const together = await node.runBatch(inputs as never, params as never, inputs.map(contextOf))
  if (together.length !== inputs.length) return [`${inputs.length} items gave ${together.length} results`]
  return singles.flatMap((single, i) =>
    Object.entries(node.outputs).flatMap(([port, { kind }]) => {
      const { encode, transient } = registry.kinds.get(kind)!
      if (transient) return []
      const [alone, batched] = [single, together[i]!].map(values => encode(values[port]))
      if (typeof alone === 'string' || typeof batched === 'string') return [`${port}: files cannot be compared`]
      return sha256(alone!) === sha256(batched!) ? [] : [`${port} of item ${i} differs between one and a batch`]
    }),
  )
}
