import type { Json } from '../base/canonical.ts'
import { compareText } from '../base/diagnostic.ts'
import { describeValue } from '../base/words.ts'
import type { Axis } from '../contract/graph.ts'
import type { Condition, Coordinates, MatrixDeclaration, TreePath } from '../contract/pipeline.ts'
import { suggestId } from './problems.ts'

/** One combination of a step's own axes: coordinate id and value by axis. */
export interface Combination {
  readonly ids: { readonly [axis: string]: string }
  readonly values: { readonly [axis: string]: Json }
}

interface OwnAxis {
  readonly name: string
  readonly entries: readonly { readonly id: string; readonly value: Json }[]
}

type Report = (path: TreePath, message: string, fix?: string) => void

/** More cells than this are taken for a mistake. */
export const maxCells = 10_000

/**
 * The combinations of a product or of rows, in canonical order (by the axes' ids). Declared values are already
 * interpolated. Every problem is reported with the path below `matrix` it belongs to.
 */
export function combinations(
  matrix: Exclude<MatrixDeclaration, { form: 'of' }>,
  problem: Report,
): readonly Combination[] {
  if (matrix.form === 'rows') {
    const entries = axisEntries('row', matrix.rows, ['rows'], problem)
    return entries.map(({ id, value }) => ({ ids: { row: id }, values: { row: value } }))
  }
  const axes = [...matrix.axes].map(([name, list]) => ({ name, entries: axisEntries(name, list, [name], problem) }))
  const count = axes.reduce((product, axis) => product * axis.entries.length, 1)
  if (count > maxCells) {
    const shown = axes.map(axis => `${axis.entries.length} ${axis.name}`).join(' × ')
    problem(
      [],
      `the matrix has ${shown} = ${count} cells, more than ${maxCells}`,
      'items belong under `in:`, not in a matrix',
    )
    return []
  }
  let product: Combination[] = [{ ids: {}, values: {} }]
  for (const axis of axes) {
    product = product.flatMap(left =>
      axis.entries.map(({ id, value }) => ({
        ids: { ...left.ids, [axis.name]: id },
        values: { ...left.values, [axis.name]: value },
      })),
    )
  }
  const kept = product.filter(combination => matches(combination.ids, matrix.where))
  const added = matrix.add.flatMap((coordinates, i) => addedCombination(coordinates, axes, kept, ['add', i], problem))
  const strangers = matrix.where.flatMap(condition => strangeIds(condition, axes))
  for (const { axis, id, ids } of strangers) {
    const message = `\`where\` asks for ${axis}=${id}, which axis \`${axis}\` does not have`
    problem(['where'], message, suggestId(id, ids))
  }
  if (kept.length + added.length === 0 && strangers.length === 0 && axes.every(axis => axis.entries.length > 0)) {
    problem(['where'], '`where` leaves no cell of this matrix', 'each id is there, but not all of them in one cell')
  }
  return [...kept, ...added]
}

/** All conditions hold: on each axis they name, the id is one of theirs. */
export function matches(ids: { readonly [axis: string]: string }, conditions: readonly Condition[]): boolean {
  return conditions.every(condition =>
    Object.entries(condition).every(([axis, allowed]) => allowed.includes(ids[axis] ?? '')),
  )
}

/** The axes a list of combinations spans, entries sorted by id. */
export function axesOf(names: readonly string[], combined: readonly Combination[]): readonly Axis[] {
  return names.map(name => {
    const entries = new Map<string, Json>()
    for (const { ids, values } of combined) entries.set(ids[name] as string, values[name] as Json)
    return {
      name,
      entries: [...entries].map(([id, value]) => ({ id, value })).sort((a, b) => compareText(a.id, b.id)),
    }
  })
}

/** Order of cells everywhere: by id on each axis in turn, axes by name; the order of writing has no say. */
export function compareCoordinates(axes: readonly string[], a: Combination['ids'], b: Combination['ids']): number {
  for (const axis of [...axes].sort()) {
    const order = compareText(a[axis] ?? '', b[axis] ?? '')
    if (order !== 0) return order
  }
  return 0
}

/** `id` of a map entry, a path's last name, or the scalar's text. */
export function coordinateId(entry: Json): string | undefined {
  if (entry !== null && typeof entry === 'object' && !Array.isArray(entry)) {
    const id = (entry as { [key: string]: Json })['id']
    return typeof id === 'string' || typeof id === 'number' ? String(id) : undefined
  }
  if (entry === null || typeof entry === 'object') return undefined
  const text = String(entry)
  return text
    .replace(/[/\\]+$/, '')
    .split(/[/\\]/)
    .at(-1)
}

function axisEntries(
  axis: string,
  list: Json,
  path: TreePath,
  problem: Report,
): readonly { id: string; value: Json }[] {
  if (!Array.isArray(list)) {
    const map = list !== null && typeof list === 'object'
    const fix = map ? 'put brackets around it, and an `id` into it' : `write it as a list: [${String(list)}]`
    problem(path, `axis \`${axis}\` needs a list of values, found ${describeValue(list)}`, fix)
    return []
  }
  if (list.length === 0) problem(path, `axis \`${axis}\` has no values`, 'give it at least one, or remove the axis')
  const seen = new Map<string, number>()
  const entries: { id: string; value: Json }[] = []
  list.forEach((value, i) => {
    const id = coordinateId(value)
    if (id === undefined || id === '') {
      problem(
        [...path, i],
        `a value of axis \`${axis}\` must be a scalar or a map with an \`id\`, found ${describeValue(value)}`,
        'give it an `id`, as in { id: wide, … }',
      )
      return
    }
    const earlier = seen.get(id)
    if (earlier !== undefined) {
      problem(
        [...path, i],
        twiceText(axis, id, list[earlier] as Json, value),
        'give one of them another `id`, as in { id: …, … }; an unequal influence is a weight',
      )
      return
    }
    seen.set(id, i)
    entries.push({ id, value })
  })
  return entries.sort((a, b) => compareText(a.id, b.id))
}

function twiceText(axis: string, id: string, one: Json, other: Json): string {
  const [first, second] = [describeValue(one), describeValue(other)]
  if (first === second) return `axis \`${axis}\` has ${first} twice`
  return `axis \`${axis}\` has two values with the id \`${id}\`: ${first} and ${second}`
}

function addedCombination(
  coordinates: Coordinates,
  axes: readonly OwnAxis[],
  kept: readonly Combination[],
  path: TreePath,
  problem: Report,
): readonly Combination[] {
  const ids: { [axis: string]: string } = {}
  const values: { [axis: string]: Json } = {}
  for (const axis of axes) {
    const value = coordinates[axis.name]
    const id = value === undefined ? undefined : coordinateId(value)
    if (value === undefined || id === undefined) {
      problem(path, `an added cell needs a value for every axis; \`${axis.name}\` is missing`)
      return []
    }
    ids[axis.name] = id
    values[axis.name] = axis.entries.find(entry => entry.id === id)?.value ?? value
  }
  if (kept.some(other => axes.every(({ name }) => other.ids[name] === ids[name]))) {
    const text = axes.map(({ name }) => `${name}=${ids[name]}`).join(', ')
    problem(path, `the cell ${text} is added, and the matrix has it already`, 'remove it')
    return []
  }
  return [{ ids, values }]
}

/** Ids in a condition on the own axes that none of their entries has. */
function strangeIds(condition: Condition, axes: readonly OwnAxis[]) {
  return axes.flatMap(({ name: axis, entries }) => {
    const ids = entries.map(entry => entry.id)
    return (condition[axis] ?? []).filter(id => !ids.includes(id)).map(id => ({ axis, id, ids }))
  })
}
