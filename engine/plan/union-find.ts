/** Disjoint sets of the numbers below `count`; the smallest member is the root, whatever the order of joining. */
export interface UnionFind {
  readonly root: (member: number) => number
  readonly join: (a: number, b: number) => void
}

export function unionFind(count: number): UnionFind {
  const parents = Array.from({ length: count }, (_, i) => i)
  function root(member: number): number {
    let at = member
    while (parents[at] !== at) {
      parents[at] = parents[parents[at]!]!
      at = parents[at]!
    }
    return at
  }
  function join(a: number, b: number): void {
    parents[Math.max(root(a), root(b))] = Math.min(root(a), root(b))
  }
  return { root, join }
}
