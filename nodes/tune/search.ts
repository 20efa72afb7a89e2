import { TaskError } from '../../engine/base/diagnostic.ts'
import { nearestName } from '../../engine/base/typo.ts'
import { defineNode } from '../../engine/contract/node.ts'
import type { FunctionParams } from '../../engine/contract/pipeline-function.ts'
import { foldOfItems, foldsPort } from '../values/held-out.ts'
import type { Selection } from '../values/selection.ts'
import { searchWithFolds } from './cross-validate.ts'
import { gridSize, type Method } from './proposals.ts'
import { checkObjective, checkOrigin, outputOf, type SearchClaims } from './search-checks.ts'
import { foldTable, paramsFile, searchMetrics, trialTable } from './search-report.ts'
import { dimensionsOf, type Space, spaceSchema } from './space.ts'
import { checkSpace } from './space-check.ts'
import { type SearchPlan, UnknownNumber } from './trials.ts'

interface Params extends SearchClaims {
  readonly params: FunctionParams
  readonly space: Space
  readonly direction: SearchPlan['direction']
  readonly method: Method
  readonly trials: number
  readonly seed: number
  readonly bootstrap: number
}

export const tuneSearch = defineNode<Params, { folds?: readonly Selection[] }>({
  name: 'tune/search',
  version: 1,
  description:
    'Searches parameters of a pipeline: evaluates it in memory with many configurations on values that are there already, and chooses the one with the best score. The inputs of the pipeline are inputs of the step. With folds the choice is cross-validated: each image is scored with what was chosen without its fold. Among the configurations is the pipeline as it is written.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['pipeline', 'space', 'objective'],
    properties: {
      pipeline: {
        type: 'string',
        'x-pipeline': true,
        description: 'The pipeline file. Its steps run on the cpu: per item first, then on all of them.',
      },
      params: {
        type: 'object',
        default: {},
        'x-params-of': 'pipeline',
        description: 'Values for its parameters that are not searched, and where the search starts for those that are.',
      },
      space: {
        ...spaceSchema,
        examples: [{ level: [1, 2] }, { level: [1, 3] }],
        description:
          'Parameters to search: a list of values, `{ from, to }` with `step`, `integer: true` or `scale: log`, or for a map one of these for each of its keys.',
      },
      objective: {
        type: 'string',
        pattern: '^[^.]+\\..+$',
        'x-expected': 'a number of the metrics, written group.name',
        examples: ['cells.score', 'mask.AP'],
        description: 'The number that counts, written group.name.',
      },
      output: {
        type: 'string',
        description: 'The output of the pipeline that has it. Default: the only one of kind metrics.',
      },
      direction: {
        enum: ['maximize', 'minimize'],
        default: 'maximize',
        description: 'Whether the greatest score is best, or the smallest.',
      },
      method: {
        enum: ['tpe', 'random', 'grid'],
        default: 'tpe',
        description:
          'grid: every combination. random: combinations drawn evenly. tpe: drawn where good ones were found before (Tree-structured Parzen estimator, Bergstra et al. 2011); searches again for each fold.',
      },
      trials: {
        type: 'integer',
        minimum: 1,
        default: 100,
        description: 'Configurations to try beside the one as written, of each search; a grid must not have more.',
      },
      seed: { type: 'integer', minimum: 0, default: 0, description: 'The same seed tries the same on every machine.' },
      bootstrap: {
        type: 'integer',
        minimum: 0,
        default: 1000,
        description: 'Replicates for 95 % intervals of the scores, images drawn with replacement. 0: no intervals.',
      },
      held_out: {
        type: 'boolean',
        default: false,
        description:
          'You know that no model saw the images it predicts here (models trained on other data, predictions by fold from elsewhere). Default: the pipeline must show it, by steps with items: folds.valid for every fold.',
      },
      in_sample: {
        type: 'boolean',
        default: false,
        description: 'Tune although models may have been trained on these images; the scores flatter then.',
      },
    },
  },
  inputs: {
    folds: {
      ...foldsPort,
      description:
        'The held-out part of each fold (`over: [fold]`, `splits/folds.valid`): every item is in exactly one. Required unless in_sample.',
    },
  },
  outputs: {
    params: { kind: 'file', per: 'collection', extension: 'yaml', description: 'The chosen values, for --params.' },
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description:
        'Group search: the score in-sample (of the choice, on what it was chosen on), as written and cross-validated; gain, how much better cross-validated is than as written; configurations. Low and high with bootstrap.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for each configuration; 0 is as written.' },
    folds: { kind: 'table', per: 'collection', description: 'What was chosen without each fold, and its score there.' },
  },
  example: `
tuned:
  uses: tune/search
  with:
    pipeline: ./post-process.yaml
    space: { score: { from: 0.05, to: 0.95, step: 0.05 }, iou: [0.3, 0.5, 0.7] }
    objective: cells.score
  over: [fold]
  in: { instances: out_of_fold.instances, truth: truth.instances, folds: folds.valid }
`,
  types: async (params, context) => {
    const right = [checkObjective(params, context), checkOrigin(params, context)].every(Boolean)
    const pipeline = context.pipelines['pipeline']!
    if (!(await checkSpace(params.space, pipeline, context)) || !right) return {}
    const size = gridSize(dimensionsOf(params.space, params.pipeline.types))
    if (params.method !== 'grid' || size <= params.trials) return {}
    const message = Number.isFinite(size)
      ? `this grid has ${size} configurations, and trials is ${params.trials}`
      : 'a grid needs a step in every range'
    const fix = Number.isFinite(size) ? `trials: ${size}, or method: random` : 'add `step:`, or use another method'
    context.problem({ code: 'bad-param', param: Number.isFinite(size) ? 'method' : 'space', message, fix })
    return {}
  },
  run: async ({ folds }, params, context) => {
    const { objective, direction, method, trials, seed, bootstrap } = params
    const run = await context.pipeline('pipeline')
    if (run.ids.length === 0) throw new TaskError({ code: 'bad-value', message: 'there are no items to tune on' })
    const dimensions = dimensionsOf(params.space, params.pipeline.types)
    const progress = (done: number, best: number) => {
      if (done % Math.max(1, Math.ceil(trials / 10)) !== 0 || done === 0) return
      context.note(`${done} of ${trials} configurations, best ${objective} ${best.toFixed(4)}`)
    }
    const output = outputOf(params)!
    const { base } = params.pipeline
    const plan = { run, dimensions, base, output, objective, direction, method, trials, seed, progress }
    const foldOf = folds && foldOfItems(run.ids, folds)
    try {
      const result = await searchWithFolds(plan, foldOf)
      if (result === undefined) throw undefinedEverywhere(objective)
      const metrics = await searchMetrics(plan, result, bootstrap, seed)
      context.note(summary(objective, metrics))
      if (!run.resamples && bootstrap > 0) context.note('no intervals: a step of the pipeline cannot be resampled')
      return {
        params: paramsFile(plan, result, metrics),
        metrics,
        table: trialTable(plan, result),
        folds: foldTable(plan, result),
      }
    } catch (error) {
      throw error instanceof UnknownNumber ? unknownNumber(objective, error) : error
    }
  },
})

type Metrics = Awaited<ReturnType<typeof searchMetrics>>

function summary(objective: string, metrics: Metrics): string {
  const parts = ['in-sample', 'cross-validated', 'as written'].flatMap(name => {
    const value = metrics['search']![name]
    if (value === undefined) return []
    const ends = [metrics['search low']?.[name], metrics['search high']?.[name]]
    const interval = ends.every(end => typeof end === 'number')
      ? ` [${ends.map(end => end!.toFixed(4)).join(', ')}]`
      : ''
    return [`${name} ${value === null ? 'undefined' : value.toFixed(4)}${interval}`]
  })
  return `${objective}: ${parts.join('; ')}`
}

function undefinedEverywhere(objective: string): TaskError {
  return new TaskError({
    code: 'bad-value',
    message: `${objective} is not defined for any configuration`,
    fix: 'is there ground truth of these images?',
  })
}

function unknownNumber(objective: string, { metrics }: UnknownNumber): TaskError {
  const known = Object.entries(metrics).flatMap(([group, numbers]) =>
    Object.keys(numbers).map(name => `${group}.${name}`),
  )
  const near = nearestName(objective, known)
  return new TaskError({
    code: 'bad-value',
    message: `there is no number ${objective} in the metrics`,
    fix: near === undefined ? `known: ${known.slice(0, 12).join(', ')}` : `did you mean ${near}?`,
  })
}
