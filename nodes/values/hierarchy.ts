import type { Facets, Kind } from '../../engine/contract/kind.ts'
import { classesProblem, classListProblem, explainClassDifference } from './class-lists.ts'
import type { ClassList } from './classes.ts'
import { documentCodec } from './json-document.ts'

/** A class list and who is whose parent. A type, not an interface, so that it can be a static type as it is. */
export type Hierarchy = {
  readonly classes: ClassList
  /** parents[label]: labels of the direct parents, ascending; several are allowed, none for the top. */
  readonly parents: readonly (readonly number[])[]
}

/** What is wrong with a hierarchy, or undefined: labels must be in range and no class its own ancestor. */
export function hierarchyProblem({ classes, parents }: Hierarchy): string | undefined {
  const listProblem = classListProblem(classes)
  if (listProblem) return listProblem
  if (parents.length !== classes.length) return `${classes.length} classes but ${parents.length} lists of parents`
  for (const [label, direct] of parents.entries()) {
    const wrong = direct.find(parent => !Number.isInteger(parent) || parent < 0 || parent >= classes.length)
    if (wrong !== undefined) return `class ${label} (${classes[label]?.id}) has the parent ${wrong}, which is no label`
  }
  const cyclic = ancestorsOfEach({ classes, parents }).findIndex((ancestors, label) => ancestors.includes(label))
  return cyclic < 0 ? undefined : `class ${cyclic} (${classes[cyclic]?.id}) is its own ancestor`
}

/** For each label, every label above it (each once, ascending), however it is reached. */
export function ancestorsOfEach({ parents }: Hierarchy): number[][] {
  return parents.map(direct => {
    const found = new Set<number>()
    const open = [...direct]
    for (let label = open.pop(); label !== undefined; label = open.pop()) {
      if (found.has(label)) continue
      found.add(label)
      open.push(...(parents[label] ?? []))
    }
    return [...found].sort((a, b) => a - b)
  })
}

/** The hierarchy in a value's static type; undefined if the type has none. */
export function hierarchyInFacets(facets: Facets | undefined): Hierarchy | undefined {
  return Array.isArray(facets?.['classes']) && Array.isArray(facets['parents'])
    ? (facets as unknown as Hierarchy)
    : undefined
}

export const hierarchyKind: Kind<Hierarchy> = {
  name: 'hierarchy',
  description: 'A class list and the direct parents of each class.',
  extension: 'json',
  ...documentCodec('hierarchy', documentProblem, ({ classes, parents }: Hierarchy) => ({
    classes: classes.map(({ id, name }) => ({ id, name })),
    parents,
  })),
  explainDifference: explainClassDifference,
}

function documentProblem(value: unknown): string | undefined {
  const wrong = classesProblem(value)
  if (wrong !== undefined) return wrong
  const { parents } = value as { readonly parents?: unknown }
  if (!Array.isArray(parents) || !parents.every(Array.isArray)) return 'there is no list of parents for each class'
  return hierarchyProblem(value as Hierarchy)
}
