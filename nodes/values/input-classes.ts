import { TaskError } from '../../engine/base/diagnostic.ts'
import type { RunContext } from '../../engine/contract/node.ts'
import { classesInFacets } from './class-lists.ts'
import type { ClassList } from './classes.ts'

/**
 * Class lists of the values at an input port while a node runs: one for each value, in the order of the port. Labels
 * mean nothing without their list, and the list lives in the static type.
 */
export function inputClassLists(context: RunContext, port: string): readonly ClassList[] {
  return (context.inputTypes[port] ?? []).map((facets, index) => {
    const classes = classesInFacets(facets)
    if (classes) return classes
    throw new TaskError({
      code: 'bad-value',
      message: `value ${index} at input ${port} has no class list in its type; labels cannot be understood without one`,
    })
  })
}

/** The class list of the one value at `port`. */
export function inputClasses(context: RunContext, port: string): ClassList {
  const [classes] = inputClassLists(context, port)
  if (!classes) throw new Error(`internal: the run context has no static type for input ${port}`)
  return classes
}

/**
 * @param where names the value in the message.
 * @throws TaskError naming the first instance whose label its class list does not have.
 */
export function checkLabels(labels: Int32Array, classes: ClassList, where: string): void {
  const at = labels.findIndex(label => label < 0 || label >= classes.length)
  if (at < 0) return
  throw new TaskError({
    code: 'bad-value',
    message: `${where}: labels[${at}] is ${labels[at]}, its class list has ${classes.length} (labels from 0)`,
    fix: 'labels are positions in the class list of the output they come from; the step that made it mixed up lists',
  })
}
