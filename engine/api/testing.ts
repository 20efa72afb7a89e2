import { registry } from '../../nodes/index.ts'
import { addNodes } from '../contract/add-nodes.ts'
import { nodeRules } from '../testing/node-rules.ts'

/** One rule of the contract for one node, for any test runner. */
export interface NodeTest {
  /** `example/keep has a key that follows every parameter …`. */
  readonly title: string
  /** What is wrong; an empty list when the node keeps the rule. */
  readonly problems: () => Promise<readonly string[]>
}

/**
 * The contract that all nodes of Maskloom keep, for those of a module.
 * @param exported - what the module exports: `nodes`, and `kinds` and `runtimes` if it has them.
 * @throws TaskError `bad-nodes` when the engine could not load the module.
 */
export function nodeTests(exported: { readonly [name: string]: unknown }): readonly NodeTest[] {
  const extended = addNodes(registry, { url: '', name: 'the module under test', sha256: '' }, exported)
  const added = [...extended.nodes.values()].filter(({ name }) => !registry.nodes.has(name))
  return added.flatMap(node =>
    nodeRules.map(({ title, problems }) => ({
      title: `${node.name} ${title}`,
      problems: async () => problems(node, extended),
    })),
  )
}
