import type { Facets } from '../../engine/contract/kind.ts'
import type { ClassEntry, ClassList } from './classes.ts'

/** What is wrong with a class list, or undefined: ids must be non-empty and unique. */
export function classListProblem(classes: ClassList): string | undefined {
  const seen = new Map<string, number>()
  for (const [label, { id, name }] of classes.entries()) {
    if (id === '') return `class ${label} (${name}) has an empty id`
    const first = seen.get(id)
    if (first !== undefined) return `classes ${first} and ${label} have the same id ${id}; ids must be unique`
    seen.set(id, label)
  }
  return undefined
}

/** The same for any value that should hold a class list in its field `classes`. */
export function classesProblem(value: unknown): string | undefined {
  const classes = isRecord(value) ? value['classes'] : undefined
  if (!Array.isArray(classes)) return 'there is no list of classes'
  const odd = classes.findIndex(entry => !isRecord(entry) || !isText(entry['id']) || !isText(entry['name']))
  if (odd >= 0) return `class ${odd} is ${JSON.stringify(classes[odd])}, expected an id and a name`
  return classListProblem(classes as ClassList)
}

function isRecord(value: unknown): value is { readonly [field: string]: unknown } {
  return typeof value === 'object' && value !== null
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

/** The class list in a value's static type; undefined if the type has none. */
export function classesInFacets(facets: Facets | undefined): ClassList | undefined {
  const classes = facets?.['classes']
  return Array.isArray(classes) ? (classes as ClassList) : undefined
}

/** Label of each class id. */
export function labelsById(classes: ClassList): Map<string, number> {
  return new Map(classes.map(({ id }, label) => [id, label]))
}

/**
 * One list that holds every class of `lists`, in order of first appearance, and for each list the label in it of each
 * of its labels. Classes meet by id only; the name is that of the first appearance.
 */
export function uniteClassLists(lists: readonly ClassList[]): { classes: ClassList; labelMaps: Int32Array[] } {
  const classes: ClassEntry[] = []
  const labels = new Map<string, number>()
  const labelMaps = lists.map(list =>
    Int32Array.from(list, entry => {
      let label = labels.get(entry.id)
      if (label === undefined) {
        label = classes.push(entry) - 1
        labels.set(entry.id, label)
      }
      return label
    }),
  )
  return { classes, labelMaps }
}

/** "12 classes (Apple, Orange, Banana, …)". */
export function describeClasses(classes: ClassList): string {
  const names = classes.slice(0, 3).map(({ id, name }) => (name === '' ? id : name))
  if (classes.length > 3) names.push('…')
  return `${classes.length} ${classes.length === 1 ? 'class' : 'classes'} (${names.join(', ')})`
}

/** One line on how the class lists of two static types differ; also for every other kind whose type carries one. */
export function explainClassDifference(a: Facets, b: Facets): string {
  const left = classesInFacets(a)
  const right = classesInFacets(b)
  if (!left || !right)
    return `${left ? describeClasses(left) : 'no class list'} against ${right ? describeClasses(right) : 'none'}`
  const leftIds = labelsById(left)
  const rightIds = labelsById(right)
  const onlyLeft = left.filter(({ id }) => !rightIds.has(id))
  const onlyRight = right.filter(({ id }) => !leftIds.has(id))
  if (onlyLeft.length === 0 && onlyRight.length === 0) {
    const at = left.findIndex(({ id }, label) => right[label]?.id !== id)
    if (at < 0) return `${describeClasses(left)} with different names for the same ids`
    return `the same ${left.length} classes in another order (label ${at} is ${left[at]?.id} against ${right[at]?.id})`
  }
  return `${describeClasses(left)} against ${describeClasses(right)}`
}
