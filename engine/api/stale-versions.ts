import { recordDigest } from '../base/digest.ts'
import type { Graph } from '../contract/graph.ts'
import type { Registry } from '../contract/registry.ts'
import type { Store } from '../contract/store.ts'

/**
 * Remarks for modules of user nodes that were edited while their nodes kept their versions: what is cached is used, and
 * only the author knows whether it should be. Said once for each edit.
 */
export function staleVersions(registry: Registry, graph: Graph, store: Store): readonly string[] {
  const used = new Set(graph.steps.map(({ node }) => node))
  return (registry.added ?? []).flatMap(({ name, sha256, nodes = [] }) => {
    const changed = nodes.filter(node => {
      if (!used.has(node)) return false
      const key = recordDigest('maskloom.node-source.1', node, registry.nodes.get(node)!.version)
      const known = store.memo.get(key)
      if (known !== sha256) store.memo.set(key, sha256)
      return known !== undefined && known !== sha256
    })
    if (changed.length === 0) return []
    return [
      `${name} was edited since ${changed.join(', ')} last ran, and the versions stayed: results in the cache are used. If the edit changes results, count \`version\` up (or run once with --force STEP)`,
    ]
  })
}
