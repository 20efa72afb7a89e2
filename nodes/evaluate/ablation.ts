import { readFile } from 'node:fs/promises'
import { nearestName } from '../../engine/base/typo.ts'
import { type Collection, defineNode, type PathRef } from '../../engine/contract/node.ts'
import { bootstrapIntervals, type Interval } from '../kernels/bootstrap.ts'
import { drawIntervals } from '../plot/intervals.ts'
import { checkFile } from '../values/bad-file.ts'
import { type Coordinates, coordinateNames, coordinatesOfPort } from '../values/coordinates.ts'
import { inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { defined, type Metrics } from '../values/metrics.ts'
import { type ObjectiveParams, objectiveParams, openObjective } from '../values/objective.ts'
import type { Table } from '../values/table.ts'
import { checkSharedClasses } from '../values/truth-classes.ts'
import { walkSources } from '../values/walk-sources.ts'
import { readSecondsPerItem } from './recorded-costs.ts'

interface Params extends ObjectiveParams {
  readonly full: string
  readonly bootstrap: number
  readonly seed: number
  readonly variants: readonly Coordinates[]
  readonly costs: readonly PathRef[]
}

interface Inputs {
  readonly instances: readonly Collection<Instances>[]
  readonly truth: Collection<Instances>
}

/** One way of doing it, against the full one. */
interface Row {
  readonly name: string
  readonly value: number
  /** This one − the full one. */
  readonly difference: number
  readonly interval: Interval | undefined
  readonly secondsPerItem: number | undefined
}

export const evaluateAblation = defineNode<Params, Inputs>({
  name: 'evaluate/ablation',
  version: 1,
  description:
    'What each part of an ensemble is worth: one metric of several variants of it, each with something left out, and how far each is from the full one. Intervals are of the paired difference: both are measured on the same redrawn images. Variants are cells of an axis whose ids say what is left out; equal steps of them run once.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      ...objectiveParams,
      full: { type: 'string', default: 'nothing', description: 'The id of the variant with nothing left out.' },
      bootstrap: {
        type: 'integer',
        minimum: 0,
        default: 1000,
        description: 'Replicates for the 95 % intervals: images drawn with replacement. 0: no intervals.',
      },
      seed: { type: 'integer', minimum: 0, default: 0, description: 'Which images the replicates draw.' },
      variants: coordinatesOfPort('instances'),
      costs: {
        type: 'array',
        items: { type: 'string' },
        maxItems: 1,
        default: [],
        'x-path': 'file',
        description:
          'What `maskloom cost PIPELINE STEP --json` prints, for the step that feeds `instances`: adds seconds per image.',
      },
    },
  },
  inputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      many: 'folded',
      mixedFacets: true,
      description: 'The variants, the full one among them.',
    },
    truth: { kind: 'instances', per: 'item', description: 'Ground truth; its classes are those evaluated.' },
  },
  outputs: {
    table: {
      kind: 'table',
      per: 'collection',
      description:
        'One row for each variant: the metric, its difference to the full one with interval, seconds per image if `costs` is given.',
    },
    metrics: {
      kind: 'metrics',
      per: 'collection',
      description: 'Groups metric, difference, difference low and difference high, by variant.',
    },
    plot: { kind: 'file', per: 'collection', extension: 'svg', description: 'The differences with their intervals.' },
  },
  example: `parts:
  uses: evaluate/ablation
  over: [without]
  with: { metric: mask.AP }
  in: { instances: ensemble.instances, truth: truth.instances }
`,
  types: async ({ full, variants, costs: [costs] }, context) => {
    checkSharedClasses(context)
    const names = coordinateNames(variants)
    if (costs !== undefined) {
      await checkFile(context, 'costs', () => readSecondsPerItem(costs.path, context.readFile(costs.path), variants))
    }
    if (names.length > 0 && !names.includes(full)) {
      const near = nearestName(full, names)
      const message = `no variant is called ${full}; there are ${names.join(', ')}`
      context.problem({
        param: 'full',
        message,
        fix: near === undefined ? `full: ${names[0]}` : `did you mean ${near}?`,
      })
    }
    return {}
  },
  run: async ({ instances, truth }, params, context) => {
    const objective = openObjective(params, inputClasses(context, 'truth').length)
    const names = coordinateNames(params.variants)
    const parts: unknown[][] = instances.map(() => [])
    for await (const { found, truth: own } of walkSources('instances', instances, names, truth, context)) {
      for (const [variant, one] of found.entries()) parts[variant]!.push(objective.partOf(one, own))
    }
    const full = names.indexOf(params.full)
    const measure = (repeats?: Uint32Array) => parts.map(own => objective.reduce(own, repeats))
    const values = measure()
    const imageCount = parts[0]!.length
    const intervals = bootstrapIntervals({ imageCount, replicates: params.bootstrap, seed: params.seed }, repeats => {
      const drawn = measure(repeats)
      return drawn.map(value => value - drawn[full]!)
    })
    const [costs] = params.costs
    const seconds = costs && readSecondsPerItem(costs.path, await readFile(costs.path), params.variants)
    const rows = values.map((value, i): Row => {
      const difference = value - values[full]!
      return { name: names[i]!, value, difference, interval: intervals[i], secondsPerItem: seconds?.[i] }
    })
    context.note(`${params.metric} ${values[full]!.toFixed(4)} with everything, over ${imageCount} images`)
    return {
      table: toTable(rows, params, full),
      metrics: toMetrics(rows),
      plot: await draw(rows, params, full),
    }
  },
})

/** The full one first, then the one that is missed most. */
function inOrder(rows: readonly Row[], full: number): readonly Row[] {
  const others = rows.filter((_, i) => i !== full)
  const rank = ({ difference }: Row) => (Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference)
  return [rows[full]!, ...others.sort((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1))]
}

function toTable(rows: readonly Row[], { metric }: Params, full: number): Table {
  const timed = rows.some(({ secondsPerItem }) => secondsPerItem !== undefined)
  return {
    columns: ['without', metric, 'difference', 'low', 'high', ...(timed ? ['s per image'] : [])],
    rows: inOrder(rows, full).map(({ name, value, difference, interval, secondsPerItem }) => [
      name,
      defined(value),
      defined(difference),
      defined(interval?.low),
      defined(interval?.high),
      ...(timed ? [defined(secondsPerItem)] : []),
    ]),
  }
}

function toMetrics(rows: readonly Row[]): Metrics {
  const group = (number: (row: Row) => number | undefined) =>
    Object.fromEntries(rows.map(row => [row.name, defined(number(row))]))
  const differences = { metric: group(row => row.value), difference: group(row => row.difference) }
  if (rows.every(({ interval }) => interval === undefined)) return differences
  return {
    ...differences,
    'difference low': group(row => row.interval?.low),
    'difference high': group(row => row.interval?.high),
  }
}

function draw(rows: readonly Row[], { metric, full: name }: Params, full: number): Promise<Uint8Array> {
  const shown = inOrder(rows, full)
    .slice(1)
    .filter(({ difference }) => !Number.isNaN(difference))
    .map(({ name, difference, interval, secondsPerItem }) => ({
      name: secondsPerItem === undefined ? name : `${name} (${secondsPerItem.toFixed(2)} s)`,
      value: difference,
      low: defined(interval?.low) ?? difference,
      high: defined(interval?.high) ?? difference,
    }))
  return drawIntervals({
    title: `${metric} without a part, against ${withEverything(rows[full]!, name)}`,
    valueTitle: `difference in ${metric}`,
    rows: shown,
    reference: 0,
  })
}

function withEverything({ secondsPerItem }: Row, name: string): string {
  return secondsPerItem === undefined ? `without ${name}` : `without ${name} (${secondsPerItem.toFixed(2)} s per image)`
}
