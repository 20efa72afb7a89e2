import type { Json } from '../../engine/base/canonical.ts'
import { nearestName } from '../../engine/base/typo.ts'
import type { CheckContext } from '../../engine/contract/node.ts'
import type { ParamDeclaration } from '../../engine/contract/pipeline.ts'
import type { CheckedFunction } from '../../engine/contract/pipeline-function.ts'
import {
  type Choices,
  type Dimension,
  dimensionsOf,
  isChoices,
  isRange,
  paramsAt,
  type Range,
  type Space,
} from './space.ts'

/** Reports, each at its place in `space`, what the pipeline could not be called with. True if nothing was reported. */
export async function checkSpace(space: Space, pipeline: CheckedFunction, context: CheckContext): Promise<boolean> {
  let right = true
  const report = (path: readonly string[], message: string, fix?: string) => {
    right = false
    context.problem({ code: 'bad-param', param: 'space', path, message, ...(fix && { fix }) })
  }
  for (const [param, tree] of Object.entries(space)) {
    const declaration = pipeline.params.get(param)
    if (declaration === undefined) {
      const known = [...pipeline.params.keys()]
      const near = nearestName(param, known)
      const fix = near === undefined ? `known: ${known.join(', ') || 'none'}` : `did you mean \`${near}\`?`
      report([param], `the pipeline has no parameter \`${param}\``, fix)
      continue
    }
    const complaint = misuseOf(param, declaration, tree, pipeline)
    if (complaint !== undefined) report([param], complaint.message, complaint.fix)
    for (const [path, range] of rangesIn(param, tree)) {
      const wrong = rangeProblem(range, isWhole(range, declaration))
      if (wrong !== undefined) report(path, wrong)
    }
  }
  if (!right) return false
  for (const dimension of dimensionsOf(space, pipeline.compiled.types)) {
    const path = [dimension.param, ...(dimension.key === undefined ? [] : [dimension.key])]
    if (dimension.values?.length === 0) report(path, 'there is no whole number in this range')
    for (const message of await problemsOf(dimension, pipeline)) report(path, message)
  }
  return right
}

function misuseOf(
  param: string,
  { type }: ParamDeclaration,
  tree: Space[string],
  { reaches }: CheckedFunction,
): { readonly message: string; readonly fix?: string } | undefined {
  const byKey = !isChoices(tree) && !isRange(tree)
  if (byKey && type !== 'map') {
    const message = `\`${param}\` is a ${type}, and this is written by key`
    return { message, fix: 'write a list of values or `{ from: …, to: … }`' }
  }
  if (isRange(tree) && type !== 'number' && type !== 'integer') {
    const message = `\`${param}\` is a ${type}, and this is a range of numbers`
    return { message, fix: type === 'map' ? 'write a range for each of its keys' : 'write a list of values' }
  }
  const { item, collection } = reaches(param)
  if (collection.length > 0) {
    const message = `\`${param}\` changes step \`${collection[0]}\`, which puts all items together: scores with different values could not be compared`
    return { message, fix: 'search parameters of the steps before it' }
  }
  if (item.length > 0) return undefined
  return { message: `no step of the pipeline takes \`${param}\` as it is: changing it changes nothing` }
}

function rangesIn(param: string, tree: Space[string]): readonly (readonly [readonly string[], Range])[] {
  if (isChoices(tree)) return []
  if (isRange(tree)) return [[[param], tree]]
  return Object.entries(tree).flatMap(([key, inner]: [string, Choices | Range]) =>
    isChoices(inner) ? [] : [[[param, key], inner] as const],
  )
}

/** More would only fill the memory: a range without steps has as many values as anybody can try. */
const mostValues = 100_000

function isWhole({ integer }: Range, { type, items }: ParamDeclaration): boolean {
  return integer ?? (type === 'integer' || items === 'integer')
}

function rangeProblem({ from, to, scale, integer, step }: Range, whole: boolean): string | undefined {
  if (from >= to) return `from (${from}) must be less than to (${to})`
  if (scale === 'log' && from <= 0) return `a logarithmic range begins above 0, not at ${from}`
  if (integer && step !== undefined && !Number.isInteger(step)) return `a step of ${step} leaves the whole numbers`
  if ((step !== undefined || whole) && (to - from) / (step ?? 1) >= mostValues)
    return `it has more than ${mostValues} values; expected wider steps${whole ? '' : ', or none'}`
  return undefined
}

/** With its ends and one in between, or all of its values. */
async function problemsOf(dimension: Dimension, pipeline: CheckedFunction): Promise<readonly string[]> {
  const { compiled, problemsWith } = pipeline
  const places = dimension.values?.map((_, i) => dimension.placeOf(i)) ?? [0, inBetween, 1 - 2 ** -32]
  const few = dimension.numeric && places.length > 3
  const tried = few ? [places[0]!, places[Math.floor(places.length * inBetween)]!, places.at(-1)!] : places
  for (const place of tried) {
    const params = paramsAt([dimension], [place], compiled.base)
    const found = await problemsWith(params)
    if (found.length > 0) return found.map(message => `with ${shown(dimension.at(place))}: ${message}`)
  }
  return []
}

/** A share that hits no round number. */
const inBetween = 0.381966

function shown(value: Json): string {
  return JSON.stringify(value)
}
