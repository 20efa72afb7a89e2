import { nearestName } from '../../engine/base/typo.ts'
import type { CheckContext } from '../../engine/contract/node.ts'
import type { CompiledFunction } from '../../engine/contract/pipeline-function.ts'
import { namesInFacets } from '../values/metrics.ts'
import { wholeDivision } from '../values/selection.ts'

/** What a search says of its pipeline and of where its predictions come from. */
export interface SearchClaims {
  readonly pipeline: CompiledFunction
  readonly objective: string
  readonly output?: string
  readonly held_out: boolean
  readonly in_sample: boolean
}

/** The output that has the objective; undefined if that is not clear. */
export function outputOf({
  output,
  pipeline: { outputs },
}: Pick<SearchClaims, 'output' | 'pipeline'>): string | undefined {
  if (output !== undefined) return output
  const measured = Object.entries(outputs).filter(([, { kind }]) => kind === 'metrics')
  return measured.length === 1 ? measured[0]![0] : undefined
}

/** Reports a pipeline or an objective that nothing can be searched for. */
export function checkObjective(params: SearchClaims, context: CheckContext): boolean {
  const { outputs, inputs } = params.pipeline
  const measured = Object.entries(outputs).flatMap(([name, { kind }]) => (kind === 'metrics' ? [name] : []))
  const refuse = (param: string, message: string, fix: string) => {
    context.problem({ code: 'bad-param', param, message, fix })
    return false
  }
  if (!inputs.some(({ per }) => per === 'item')) {
    return refuse('pipeline', 'the pipeline has no input per item', 'give it `inputs:` with `per: item`')
  }
  if (measured.length === 0) {
    const kinds = Object.entries(outputs).map(([name, { kind }]) => `${name} (${kind})`)
    const message = `the pipeline has no output of kind metrics; it has ${kinds.join(', ') || 'none'}`
    return refuse('pipeline', message, 'end it with an evaluation')
  }
  const output = outputOf(params)
  if (output === undefined) {
    const message = `several outputs are metrics: ${measured.join(', ')}`
    return refuse('objective', message, `say which: output: ${measured[0]}`)
  }
  if (!measured.includes(output)) {
    return refuse('output', `\`${output}\` is no output of kind metrics`, `known: ${measured.join(', ')}`)
  }
  const names = namesInFacets(outputs[output]!.facets)
  if (names === undefined || names.includes(params.objective)) return true
  const near = nearestName(params.objective, names)
  const fix = near === undefined ? `known: ${names.slice(0, 12).join(', ')}` : `did you mean \`${near}\`?`
  return refuse('objective', `\`${params.objective}\` is none of the numbers of \`${output}\``, fix)
}

/** Whatever is tuned on images that a model was trained on fits its memory, not its predictions. */
export function checkOrigin(
  { in_sample: inSample, held_out: heldOut, pipeline }: SearchClaims,
  context: CheckContext,
): boolean {
  if (inSample) return true
  const refuse = (message: string, fix: string) => {
    context.problem({ code: 'not-out-of-fold', message, fix })
    return false
  }
  if (context.inputs['folds'] === undefined) {
    const message = 'the choice cannot be cross-validated without the folds of the items'
    return refuse(
      message,
      'fold the held-out parts (`over: [fold]`, `in: { folds: folds.valid }`), or say `in_sample: true`',
    )
  }
  const perItem = pipeline.inputs.filter(({ per }) => per === 'item').map(({ name }) => name)
  if (heldOut || perItem.some(name => wholeDivision(context.selectedBy(name)) !== undefined)) return true
  return refuse(
    `nothing shows that ${perItem.map(name => `\`${name}\``).join(' or ')} is made of predictions out of fold: models may have been trained on these images`,
    'predict each fold with `items: folds.valid` by the model trained without it and unite them; say `held_out: true` if you know they are, or `in_sample: true` if they are not',
  )
}
