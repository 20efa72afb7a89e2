import { canonical, type Json } from '../base/canonical.ts'
import { type CompiledFunction, type FunctionParams, filledParams } from '../contract/pipeline-function.ts'

/**
 * What differs between a function called with these parameters and its file compiled with them; undefined if nothing
 * does, as where the parameters only stand in `with:` of its steps.
 */
export function functionDifference(
  called: CompiledFunction,
  compiled: CompiledFunction,
  params: FunctionParams,
): string | undefined {
  const names = Object.keys(params)
    .map(name => `\`${name}\``)
    .join(', ')
  const fixed = 'only parameters that leave the steps as they are can be changed from call to call'
  if (called.tasks.length !== compiled.tasks.length) {
    const [before, after] = [called.tasks.length, compiled.tasks.length]
    return `${names} decides which steps there are (${after} with it, ${before} otherwise); ${fixed}`
  }
  for (const [i, task] of called.tasks.entries()) {
    const other = compiled.tasks[i]!
    const { address } = task
    if (address !== other.address || text(task.inputs) !== text(other.inputs)) {
      return `${names} decides which steps there are (\`${other.address}\` with it); ${fixed}`
    }
    if (text(task.inputTypes) !== text(other.inputTypes)) {
      return `${names} changes the types of the values that step \`${address}\` takes; ${fixed}`
    }
    if (text(filledParams(task, params)) !== text(other.params)) {
      return `${names} reaches step \`${address}\` within a text, a path, a weight or an axis; ${fixed}`
    }
  }
  if (text(called.outputs) === text(compiled.outputs)) return undefined
  return `${names} changes the types of the outputs; ${fixed}`
}

function text(value: unknown): string {
  return canonical(value as Json)
}
