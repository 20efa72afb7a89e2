/**
 * The indices of `order` by their group, groups and indices in order of appearance.
 * @param groups [N] absent: all in one group, 0.
 */
export function indicesByGroup(order: Iterable<number>, groups: ArrayLike<number> | undefined): Map<number, number[]> {
  const members = new Map<number, number[]>()
  for (const index of order) {
    const group = groups === undefined ? 0 : groups[index]!
    const list = members.get(group)
    if (list) list.push(index)
    else members.set(group, [index])
  }
  return members
}
