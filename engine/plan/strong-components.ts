/**
 * Groups of nodes that reach each other, of more than one node (Tarjan 1972), in time linear in nodes and edges. The
 * recursion is as deep as the longest path, which is about the number of steps of a pipeline.
 */
export function strongComponents(
  nodes: readonly number[],
  next: (node: number) => Iterable<number>,
): readonly (readonly number[])[] {
  const order = new Map<number, number>()
  const low = new Map<number, number>()
  const stack: number[] = []
  const open = new Set<number>()
  const components: number[][] = []
  function visit(node: number): void {
    order.set(node, order.size)
    low.set(node, order.get(node)!)
    stack.push(node)
    open.add(node)
    for (const other of next(node)) {
      if (!order.has(other)) visit(other)
      if (open.has(other)) low.set(node, Math.min(low.get(node)!, low.get(other)!))
    }
    if (low.get(node) !== order.get(node)) return
    const component = stack.splice(stack.lastIndexOf(node))
    for (const member of component) open.delete(member)
    if (component.length > 1) components.push(component)
  }
  for (const node of nodes) if (!order.has(node)) visit(node)
  return components
}
