import { describe, expect, it } from 'vitest'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import type { Registry } from '../../engine/contract/registry.ts'
import { nodeRules } from '../../engine/testing/node-rules.ts'

/** Registers the contract of nodes for one of them. */
export function nodeContract(node: NodeDefinition, registry: Registry): void {
  describe(node.name, () => {
    for (const { title, problems } of nodeRules) {
      it(title, async () => {
        expect(await problems(node, registry)).toEqual([])
      })
    }
  })
}
