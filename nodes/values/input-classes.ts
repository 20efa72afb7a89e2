import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Facets } from '../../engine/contract/kind.ts'
import type { RunContext } from '../../engine/contract/node.ts'
import { classesInFacets } from './class-lists.ts'
import type { ClassList } from './classes.ts'

/**
 * Class lists of the values at an input port while a node runs: one for each value, in the order of the port.
 *
 * Labels mean nothing without their list, and the list lives in the static type. So a run must be told the static types
 * of its inputs, in the form in which a check gets them: `context.inputTypes[port]: readonly Facets[]`. The same facets
 * have to be part of the task's key, because equal label numbers of two lists are different instances.
 */
export function inputClassLists(context: RunContext, port: string): readonly ClassList[] {
  const types = 'inputTypes' in context ? (context.inputTypes as { readonly [port: string]: readonly Facets[] }) : {}
  return (types[port] ?? []).map((facets, index) => {
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
