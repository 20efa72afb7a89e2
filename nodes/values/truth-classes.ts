import type { CheckContext, RunContext } from '../../engine/contract/node.ts'
import { classesInFacets, describeClasses, labelsById } from './class-lists.ts'
import type { ClassList } from './classes.ts'
import { inputClasses } from './input-classes.ts'
import type { Instances } from './instances.ts'
import { selectInstances } from './select-instances.ts'

/** Predictions and ground truth meet by class id; the classes of the truth are those evaluated. */

/** Reports it when predictions and truth have no class in common. */
export function checkSharedClasses(context: CheckContext): void {
  const found = classesInFacets(context.inputs['instances']?.[0])
  const truth = classesInFacets(context.inputs['truth']?.[0])
  if (!found || !truth || found.some(({ id }) => labelsById(truth).has(id))) return
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
  const labels = labelsById(classes)
  const labelMap = Int32Array.from(inputClasses(context, 'instances'), ({ id }) => labels.get(id) ?? -1)
  const same = labelMap.every((to, from) => to === from)
  return {
    classes,
    relabel: found => {
      if (same) return found
      const kept = [...found.labels.keys()].filter(index => labelMap[found.labels[index]!]! >= 0)
      return selectInstances(
        found,
        kept,
        Int32Array.from(kept, index => labelMap[found.labels[index]!]!),
      )
    },
  }
}
