import { TaskError } from '../../engine/base/diagnostic.ts'
import { nearestName } from '../../engine/base/typo.ts'
import type { CheckContext, InputPort, RunContext } from '../../engine/contract/node.ts'
import { classesInFacets } from './class-lists.ts'
import type { ClassList } from './classes.ts'
import { checkLabels } from './input-classes.ts'
import type { Label } from './label.ts'

/**
 * Parameters by class: one number for all, or a map from class (id or name) to number, with `others` for those not named.
 * Looked up by the label of a detection; by the text of the item's `group` when that input is bound, and then one number
 * counts for the whole item.
 */
export type ByClass = number | { readonly [classId: string]: number }

const OTHERS = 'others'

/** JSON Schema of such a parameter from that of its numbers; description and default go beside it. */
export function byClassSchema(number: { readonly type: 'number' | 'integer'; readonly [keyword: string]: unknown }) {
  return { anyOf: [number, { type: 'object', additionalProperties: number, minProperties: 1 }] } as const
}

/** The optional input that makes the parameters of a node go by item. */
export const groupPort: InputPort = {
  kind: 'label',
  per: 'item',
  optional: true,
  description:
    'Type of the image: parameters written by class are then looked up by it, not by the labels of instances.',
}

/**
 * Reports, at the parameter, classes that do not exist and classes without a number.
 * @param ownClasses of the labels the parameter goes by without a group; `none` when there are no labels.
 */
export function checkByClass(
  param: string,
  value: ByClass | undefined,
  ownClasses: ClassList | 'none' | undefined,
  context: CheckContext,
): void {
  if (value === undefined || typeof value === 'number') return
  const group = context.inputs['group']?.[0]
  const classes = group === undefined ? ownClasses : classesInFacets(group)
  if (classes === 'none') {
    const message = `${param} is written by class, but there is no class to go by`
    context.problem({ param, message, fix: 'bind the input group, or write one number' })
    return
  }
  if (classes === undefined) return
  const known = classes.flatMap(({ id, name }) => [id, name])
  for (const key of Object.keys(value)) {
    if (key === OTHERS || known.includes(key)) continue
    const near = nearestName(key, [...known, OTHERS])
    const message = `${param} names the class ${key}, which is none of ${classes.map(({ id }) => id).join(', ')}`
    context.problem({ param, message, ...(near !== undefined && { fix: `did you mean ${near}?` }) })
  }
  const without = classes.filter(({ id, name }) => numberOf(value, id, name) === undefined).map(({ id }) => id)
  if (without.length === 0) return
  const message = `${param} has no number for ${without.slice(0, 5).join(', ')}${without.length > 5 ? ', …' : ''}`
  context.problem({ param, message, fix: `add it, or ${OTHERS}: for all classes that are not named` })
}

/**
 * [classCount] the number for each label; all the same when the parameter is one number or a group decides.
 * @param classes that the labels mean; only asked for when they are needed.
 * @throws TaskError when a class or the group's text has none.
 */
export function numbersByLabel(
  param: string,
  value: ByClass,
  classCount: number,
  classes: () => ClassList,
  group: Label | undefined,
  context: RunContext,
): Float64Array {
  if (typeof value === 'number' || group !== undefined)
    return new Float64Array(classCount).fill(numberOfItem(param, value, group, context))
  return Float64Array.from(classes(), ({ id, name }) => numberOf(value, id, name) ?? fail(param, id))
}

/** [N] the number for each instance, by its label or by the group. */
export function numbersByInstance(
  param: string,
  value: ByClass,
  labels: Int32Array,
  classes: () => ClassList,
  group: Label | undefined,
  context: RunContext,
): Float64Array {
  if (typeof value === 'number' || group !== undefined)
    return new Float64Array(labels.length).fill(numberOfItem(param, value, group, context))
  checkLabels(labels, classes(), `what ${param} is for`)
  const byLabel = numbersByLabel(param, value, 0, classes, group, context)
  return Float64Array.from(labels, label => byLabel[label]!)
}

/**
 * The one number that counts for an item.
 * @throws TaskError when the parameter is written by class and there is no group, or none for its text.
 */
export function numberOfItem(param: string, value: ByClass, group: Label | undefined, context: RunContext): number {
  if (typeof value === 'number') return value
  if (group === undefined)
    throw new TaskError({
      code: 'bad-value',
      message: `${param} is written by class, but counts for the whole image and there is no group`,
      fix: 'bind the input group, or write one number',
    })
  const name = classesInFacets(context.inputTypes['group']?.[0])?.find(({ id }) => id === group.text)?.name
  return numberOf(value, group.text, name ?? group.text) ?? fail(param, group.text)
}

function numberOf(value: Exclude<ByClass, number>, id: string, name: string): number | undefined {
  for (const key of [id, name, OTHERS]) if (Object.hasOwn(value, key)) return value[key]
  return undefined
}

function fail(param: string, classId: string): never {
  throw new TaskError({
    code: 'bad-value',
    message: `${param} has no number for ${classId}`,
    fix: `add it, or ${OTHERS}: for all classes that are not named`,
  })
}
