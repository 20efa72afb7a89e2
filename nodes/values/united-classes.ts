import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Facets } from '../../engine/contract/kind.ts'
import type { CheckContext, RunContext } from '../../engine/contract/node.ts'
import { classesInFacets, uniteClassLists } from './class-lists.ts'
import { inputClassLists } from './input-classes.ts'

/** Several sources with class lists of their own: one list that holds them all, met by class id. */

/** Static type of what is made of all values at `port`; the empty facets while one of them is not known. */
export function unitedFacets(context: CheckContext, port: string): Facets {
  const lists = (context.inputs[port] ?? []).map(classesInFacets)
  const known = lists.filter(list => list !== undefined)
  return known.length < lists.length ? {} : { classes: uniteClassLists(known).classes }
}

/** For each value at `port`, its labels as labels of the united list. */
export function unitedLabelMaps(context: RunContext, port: string): readonly Int32Array[] {
  return uniteClassLists(inputClassLists(context, port)).labelMaps
}

/**
 * Labels moved to another list.
 * @throws TaskError naming the first instance whose label its own list does not have.
 */
export function mapLabels(labels: Int32Array, labelMap: Int32Array, source: number): Int32Array {
  const mapped = new Int32Array(labels.length)
  for (let at = 0; at < labels.length; at++) {
    const label = labels[at]!
    if (label >= 0 && label < labelMap.length) {
      mapped[at] = labelMap[label]!
      continue
    }
    throw new TaskError({
      code: 'bad-value',
      message: `labels[${at}] of input ${source} is ${labels[at]}, its class list has ${labelMap.length} classes (0 to ${labelMap.length - 1})`,
      fix: 'the step that made it mixed up class lists; labels are positions in the list of its output',
    })
  }
  return mapped
}
