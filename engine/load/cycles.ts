type Successors = (node: string) => readonly string[]

/**
 * One cycle for each knot (strongly connected component) of a graph: a shortest one through the knot's first node in the
 * order of `nodes`, as nodes along the edges from that one. Edges to unknown nodes are ignored.
 */
export function findCycles(nodes: readonly string[], successorsOf: Successors): readonly (readonly string[])[] {
  const position = new Map(nodes.map((node, i) => [node, i]))
  const knotOf = knots(nodes, node => successorsOf(node).filter(next => position.has(next)))
  const done = new Set<number>()
  const cycles: (readonly string[])[] = []
  for (const node of nodes) {
    const knot = knotOf.get(node) as number
    if (done.has(knot)) continue
    const cycle = shortestCycle(node, from => successorsOf(from).filter(next => knotOf.get(next) === knot))
    if (cycle === undefined) continue
    done.add(knot)
    cycles.push(cycle)
  }
  return cycles
}

/** Number of the strongly connected component of each node (Kosaraju's algorithm, without recursion). */
function knots(nodes: readonly string[], successorsOf: Successors): ReadonlyMap<string, number> {
  const predecessors = new Map<string, string[]>(nodes.map(node => [node, []]))
  for (const node of nodes) for (const next of successorsOf(node)) predecessors.get(next)?.push(node)
  const knotOf = new Map<string, number>()
  for (const [number, root] of [...finishingOrder(nodes, successorsOf)].reverse().entries()) {
    if (knotOf.has(root)) continue
    const stack = [root]
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (knotOf.has(node)) continue
      knotOf.set(node, number)
      stack.push(...(predecessors.get(node) ?? []))
    }
  }
  return knotOf
}

/** Depth-first: every node after all that can be reached from it, as far as there is no cycle. */
function finishingOrder(nodes: readonly string[], successorsOf: Successors): readonly string[] {
  const seen = new Set<string>()
  const finished: string[] = []
  for (const root of nodes) {
    const stack = seen.has(root) ? [] : [{ node: root, next: successorsOf(root), at: 0 }]
    seen.add(root)
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = top.next[top.at++]
      if (next === undefined) finished.push(stack.pop()?.node as string)
      else if (!seen.has(next)) {
        seen.add(next)
        stack.push({ node: next, next: successorsOf(next), at: 0 })
      }
    }
  }
  return finished
}

/** Breadth-first from a node back to itself. */
function shortestCycle(start: string, successorsOf: Successors): readonly string[] | undefined {
  const cameFrom = new Map<string, string>()
  const queue = [start]
  for (const node of queue) {
    for (const next of successorsOf(node)) {
      if (next === start) return pathTo(node, start, cameFrom)
      if (cameFrom.has(next)) continue
      cameFrom.set(next, node)
      queue.push(next)
    }
  }
  return undefined
}

function pathTo(node: string, start: string, cameFrom: ReadonlyMap<string, string>): readonly string[] {
  const path = [node]
  for (let at = node; at !== start; path.push(at)) at = cameFrom.get(at) as string
  return path.reverse()
}
