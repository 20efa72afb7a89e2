import type { CheckContext, RunContext } from '../../engine/contract/node.ts'
import { classesInFacets, describeClasses, labelsById, uniteClassLists } from './class-lists.ts'
import type { ClassList } from './classes.ts'
import { inputClasses } from './input-classes.ts'
import type { Instances } from './instances.ts'
import { selectInstances } from './select-instances.ts'

/** Predictions and ground truth meet by class id; the classes of the truth are those evaluated. */

/** Reports it when predictions (at this port, of all its values) and truth have no class in common. */
export function checkSharedClasses(context: CheckContext, port = 'instances'): void {
  const lists = (context.inputs[port] ?? []).map(classesInFacets)
  const truth = classesInFacets(context.inputs['truth']?.[0])
  const known = lists.filter(list => list !== undefined)
  if (!truth || lists.length === 0 || known.length < lists.length) return
  const found = uniteClassLists(known).classes
  if (found.some(({ id }) => labelsById(truth).has(id))) return
  context.problem({
    input: 'truth',
    message: `no class is in both: the predictions have ${describeClasses(found)} with ids like ${found[0]?.id}, the truth has ${describeClasses(truth)} with ids like ${truth[0]?.id}`,
    fix: 'Classes meet by id; say which field of the annotations holds the id the models use (class_id: mid).',
  })
}

export interface TruthClasses {
  readonly classes: ClassList
  /** Predictions with the labels of the truth; those of other classes are left out. */
  readonly relabel: (found: Instances) => Instances
}

/** Of the values at the inputs `instances` and `truth`. */
export function truthClasses(context: RunContext): TruthClasses {
  const classes = inputClasses(context, 'truth')
  return { classes, relabel: relabelTo(classes, inputClasses(context, 'instances')) }
}

/** Predictions in the classes `own` with the labels of `classes`, met by id; those of other classes are left out. */
export function relabelTo(classes: ClassList, own: ClassList): (found: Instances) => Instances {
  const labels = labelsById(classes)
  const labelMap = Int32Array.from(own, ({ id }) => labels.get(id) ?? -1)
  const same = labelMap.every((to, from) => to === from)
  return found => {
    if (same) return found
    const kept = [...found.labels.keys()].filter(index => labelMap[found.labels[index]!]! >= 0)
    return selectInstances(
      found,
      kept,
      Int32Array.from(kept, index => labelMap[found.labels[index]!]!),
    )
  }
}
