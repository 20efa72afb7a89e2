import { TaskError } from '../../engine/base/diagnostic.ts'
import { type Collection, defineNode } from '../../engine/contract/node.ts'
import { bootstrapIntervals, type Interval } from '../kernels/bootstrap.ts'
import { type ForwardSelection, forwardSelection, reducedCounts } from '../kernels/forward-selection.ts'
import { drawLines } from '../plot/lines.ts'
import { type Coordinates, coordinateNames, coordinatesOfPort } from '../values/coordinates.ts'
import { checkOutOfFold, foldOfItems, foldsPort, outOfFoldParams } from '../values/held-out.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { defined, type Metrics } from '../values/metrics.ts'
import { type ObjectiveParams, objectiveParams, openObjective } from '../values/objective.ts'
import type { Selection } from '../values/selection.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses } from '../values/truth-classes.ts'
import { type SourcesScene, walkSources } from '../values/walk-sources.ts'
import { type MergeRule, mergedScores } from './merged-scores.ts'

interface Params extends ObjectiveParams, MergeRule {
  readonly method: 'with-replacement' | 'without-replacement' | 'in-order'
  readonly steps: number
  readonly min_gain: number
  readonly bootstrap: number
  readonly seed: number
  readonly held_out: boolean
  readonly in_sample: boolean
  readonly places: readonly Coordinates[]
}

interface Inputs {
  readonly members: readonly Collection<Instances>[]
  readonly truth: Collection<Instances>
  readonly folds?: readonly Selection[]
}

export const tuneEnsemble = defineNode<Params, Inputs>({
  name: 'tune/ensemble',
  version: 1,
  description:
    'Chooses the members of an ensemble and their weights by greedy forward selection: step by step the member that scores best beside those chosen so far, as often as it helps (Caruana et al. 2004); or each in its turn, added if it improves the score. Members are merged in memory as `masks/wbf` or `masks/fuse-sources` merges them; no model runs. With folds the choice is cross-validated.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...objectiveParams,
      merge: {
        enum: ['masks/wbf', 'masks/fuse-sources'],
        default: 'masks/wbf',
        description: 'The node that will merge the members with these weights.',
      },
      iou: { type: 'number', minimum: 0, maximum: 1, default: 0.5, description: 'Its parameter of that name.' },
      mask_threshold: {
        type: 'number',
        minimum: 0,
        exclusiveMaximum: 1,
        default: 0.5,
        description: 'Its parameter of that name (masks/wbf).',
      },
      method: {
        enum: ['with-replacement', 'without-replacement', 'in-order'],
        default: 'with-replacement',
        description:
          'with-replacement: a member may be added again, which gives it more weight. without-replacement: once. in-order: one pass over the members by id; each is added if it improves the score.',
      },
      steps: { type: 'integer', minimum: 1, default: 20, description: 'Most additions; not for in-order.' },
      min_gain: {
        type: 'number',
        minimum: 0,
        default: 0,
        description: 'A larger ensemble is taken only if its score is better by more than this.',
      },
      bootstrap: {
        type: 'integer',
        minimum: 0,
        default: 200,
        description: 'Replicates for 95 % intervals, images drawn with replacement. 0: no intervals.',
      },
      seed: { type: 'integer', minimum: 0, default: 0, description: 'Which images the replicates draw.' },
      ...outOfFoldParams,
      places: coordinatesOfPort('members'),
    },
  },
  inputs: {
    members: {
      kind: 'instances',
      per: 'item',
      many: 'folded',
      mixedFacets: true,
      description: 'Predictions of each member, over one axis; classes meet by id.',
    },
    truth: { kind: 'instances', per: 'item', description: 'Ground truth; its classes are those evaluated.' },
    folds: foldsPort,
  },
  outputs: {
    weights: {
      kind: 'weights',
      per: 'collection',
      description: 'For the input `weights` of the step that merges; members that were not chosen have 0.',
    },
    table: { kind: 'table', per: 'collection', description: 'One row for each step: who was added, and the score.' },
    folds: { kind: 'table', per: 'collection', description: 'The weights that the other folds chose for each fold.' },
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description:
        'Group ensemble: in-sample (of the choice, on what it was chosen on), cross-validated, equal weights, best member, and gain, cross-validated (in-sample without folds) − equal weights. Low and high with bootstrap.',
    },
    plot: { kind: 'file', per: 'collection', extension: 'svg', description: 'The score by step, with its interval.' },
  },
  example: `chosen:
  uses: tune/ensemble
  over: [model, fold]
  with: { metric: mask.AP }
  in: { members: out_of_fold.instances, truth: truth.instances, folds: folds.valid }
`,
  types: (params, context) => {
    checkSharedClasses(context, 'members')
    checkOutOfFold(params, ['members'], context)
    const axes = [...new Set(params.places.flatMap(place => Object.keys(place)))]
    if (params.places.length > 0 && axes.length !== 1) {
      context.problem({
        input: 'members',
        message: `the members stand on ${axes.length} axes (${axes.join(', ')}); weights are found for one`,
        fix: 'merge the other axes in a step before, or list the members as one axis: matrix: { rows: […] }',
      })
    }
    return {}
  },
  run: async (inputs, params, context) => {
    const names = coordinateNames(params.places)
    const scenes: SourcesScene[] = []
    for await (const scene of walkSources('members', inputs.members, names, inputs.truth, context)) scenes.push(scene)
    const objective = openObjective(params, inputClasses(context, 'truth').length)
    const { partsOf, measured } = mergedScores(scenes, params, objective)
    const select = (images: readonly number[]) =>
      forwardSelection({
        memberCount: names.length,
        method: params.method,
        steps: params.steps,
        minGain: params.min_gain,
        score: counts => {
          const parts = partsOf(counts)
          return objective.reduce(images.map(image => parts[image]))
        },
      })
    const all = [...scenes.keys()]
    const selection = select(all)
    if (selection.chosen < 0) throw undefinedScore(params.metric, 'any member')
    const taken = countsOf(selection)
    const foldOf =
      inputs.folds &&
      foldOfItems(
        scenes.map(({ id }) => id),
        inputs.folds,
      )
    const byFold = (inputs.folds ?? []).map((_, fold) => {
      const chosen = select(all.filter(image => foldOf![image] !== fold))
      if (chosen.chosen < 0) throw undefinedScore(params.metric, `any member without fold ${fold}`)
      return countsOf(chosen)
    })
    const versions: { readonly [name: string]: readonly unknown[] } = {
      'in-sample': partsOf(taken),
      ...(foldOf && { 'cross-validated': all.map(image => partsOf(byFold[foldOf[image]!]!)[image]) }),
      'equal weights': partsOf(names.map(() => 1)),
      'best member': partsOf(bestAlone(names.length, partsOf, objective.reduce)),
    }
    const steps = selection.steps.map(({ counts }) => partsOf(counts))
    const measure = (repeats?: Uint32Array) =>
      [...Object.values(versions), ...steps].map(p => objective.reduce(p, repeats))
    const values = withGain(measure(), versions)
    const intervals = bootstrapIntervals(
      { imageCount: scenes.length, replicates: params.bootstrap, seed: params.seed },
      repeats => withGain(measure(repeats), versions),
    )
    const metrics = toMetrics([...Object.keys(versions), 'gain'], values, intervals)
    const own = { values: values.slice(-steps.length), intervals: intervals.slice(-steps.length) }
    const score = metrics['ensemble']!
    context.note(
      `${params.metric} ${shown(score['in-sample'])} in-sample, ${shown(score['cross-validated'])} cross-validated, ${shown(score['equal weights'])} with equal weights; ${measured()} ensembles of ${names.length} members measured on ${scenes.length} images`,
    )
    const axis = Object.keys(params.places[0]!)[0]!
    return {
      weights: { [axis]: Object.fromEntries(names.map((name, member) => [name, taken[member]!])) },
      table: stepTable(selection, names, own.intervals),
      folds: { columns: ['fold', ...names], rows: byFold.map((counts, fold) => [fold, ...counts]) } satisfies Table,
      metrics,
      plot: await drawSteps(selection, own.intervals, params.metric),
    }
  },
})

function countsOf({ steps, chosen }: ForwardSelection): readonly number[] {
  return reducedCounts(steps[chosen]!.counts)
}

/** The counts of the member that scores best by itself. */
function bestAlone(
  memberCount: number,
  partsOf: (counts: readonly number[]) => readonly unknown[],
  reduce: (parts: readonly unknown[]) => number,
): readonly number[] {
  const alone = (member: number) => Array.from({ length: memberCount }, (_, m) => (m === member ? 1 : 0))
  let best = 0
  let bestScore = Number.NEGATIVE_INFINITY
  for (let member = 0; member < memberCount; member++) {
    const score = reduce(partsOf(alone(member)))
    if (!(score > bestScore)) continue
    best = member
    bestScore = score
  }
  return alone(best)
}

/** The versions, the gain, the steps. */
function withGain(values: readonly number[], versions: { readonly [name: string]: unknown }): readonly number[] {
  const names = Object.keys(versions)
  const judged = names.includes('cross-validated') ? 'cross-validated' : 'in-sample'
  const gain = values[names.indexOf(judged)]! - values[names.indexOf('equal weights')]!
  return values.toSpliced(names.length, 0, gain)
}

function toMetrics(names: readonly string[], values: readonly number[], intervals: readonly Interval[]): Metrics {
  const group = (number: (place: number) => number | undefined) =>
    Object.fromEntries(names.map((name, place) => [name, defined(number(place))]))
  const scores = { ensemble: group(place => values[place]) }
  if (intervals.length === 0) return scores
  return {
    ...scores,
    'ensemble low': group(place => intervals[place]?.low),
    'ensemble high': group(place => intervals[place]?.high),
  }
}

function stepTable(
  { steps, chosen }: ForwardSelection,
  names: readonly string[],
  intervals: readonly Interval[],
): Table {
  return {
    columns: ['step', 'adds', 'score', 'low', 'high', 'taken'],
    rows: steps.map(({ member, counts, score }, step) => [
      step + 1,
      names[member]!,
      defined(score),
      defined(intervals[step]?.low),
      defined(intervals[step]?.high),
      isPart(counts, steps[chosen]!.counts) && step <= chosen ? 'yes' : 'no',
    ]),
  }
}

/** Is what a step made in what was taken? In order, members that did not help are not. */
function isPart(counts: readonly number[], taken: readonly number[]): boolean {
  return counts.every((count, member) => count <= taken[member]!)
}

function drawSteps({ steps }: ForwardSelection, intervals: readonly Interval[], metric: string): Promise<Uint8Array> {
  const drawn = steps.map((step, i) => ({ ...step, i })).filter(({ score }) => !Number.isNaN(score))
  const ends = intervals.length > 0
  return drawLines({
    title: `${metric} by step of the selection`,
    xTitle: 'step',
    yTitle: metric,
    points: true,
    lines: [
      {
        name: metric,
        x: drawn.map(({ i }) => i + 1),
        y: drawn.map(({ score }) => score),
        ...(ends && { low: drawn.map(({ i }) => intervals[i]!.low), high: drawn.map(({ i }) => intervals[i]!.high) }),
      },
    ],
  })
}

function shown(value: number | null | undefined): string {
  return value === null || value === undefined ? '–' : value.toFixed(4)
}

function undefinedScore(metric: string, of: string): TaskError {
  return new TaskError({
    code: 'bad-value',
    message: `${metric} is not defined for ${of}`,
    fix: 'is there ground truth of these images?',
  })
}
