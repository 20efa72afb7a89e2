import type { ClassList } from './classes.ts'
import type { Hierarchy } from './hierarchy.ts'

/**
 * For each class its levels, ascending: 0 for one without parents, else one more than each level of each parent. A class
 * that the tree reaches by several ways may have several.
 */
export function levelsOfEach({ parents }: Hierarchy): number[][] {
  const known = new Map<number, number[]>()
  const levelsOf = (label: number): number[] => {
    const found = known.get(label)
    if (found) return found
    const direct = parents[label]!
    const levels = direct.length === 0 ? [0] : direct.flatMap(parent => levelsOf(parent).map(level => level + 1))
    const sorted = [...new Set(levels)].sort((a, b) => a - b)
    known.set(label, sorted)
    return sorted
  }
  return parents.map((_, label) => levelsOf(label))
}

/** The classes with at least one of the levels, by id in code unit order: one layer of the hierarchy. */
export function classesOfLevels(hierarchy: Hierarchy, levels: readonly number[]): ClassList {
  const own = levelsOfEach(hierarchy)
  return hierarchy.classes
    .filter((_, label) => own[label]!.some(level => levels.includes(level)))
    .map(({ id, name }) => ({ id, name }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))
}
