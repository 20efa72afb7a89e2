/**
 * What must not be divided: items of one group, and, with `siblings`, items below one parent (the id up to its last /).
 * Both together chain: if a tile of a picture shares a group with another picture, all of both belong together.
 * @returns [N] the smallest name of the chain, or undefined when nothing keeps items together.
 */
export function gatherTogether(
  ids: readonly string[],
  groupOf: ReadonlyMap<string, string> | undefined,
  siblings: boolean,
): readonly string[] | undefined {
  const parents = ids.map(id => (siblings ? id.slice(0, Math.max(0, id.lastIndexOf('/'))) : ''))
  if (groupOf === undefined && parents.every(parent => parent === '')) return undefined
  // Names of the two sorts are told apart by their first character.
  const chains = new Map<string, string>()
  const rootOf = (name: string): string => {
    let root = name
    for (let up = chains.get(root); up !== undefined; up = chains.get(root)) root = up
    for (let at = name; at !== root; ) {
      const up = chains.get(at)!
      chains.set(at, root)
      at = up
    }
    return root
  }
  const join = (a: string, b: string) => {
    const [low, high] = [rootOf(a), rootOf(b)].sort() as [string, string]
    if (low !== high) chains.set(high, low)
  }
  const names = ids.map((id, i) => {
    const own = groupOf === undefined ? `i${id}` : `g${groupOf.get(id) ?? id}`
    if (parents[i] !== '') join(own, `p${parents[i]}`)
    return own
  })
  return names.map(name => rootOf(name).slice(1))
}

/** [N] the texts as numbers: by first appearance, or in the given order of the texts. */
export function numbered(texts: readonly string[], order?: (a: string, b: string) => number): Int32Array {
  const distinct = [...new Set(texts)]
  const numbers = new Map((order ? distinct.sort(order) : distinct).map((text, number) => [text, number]))
  return Int32Array.from(texts, text => numbers.get(text)!)
}
