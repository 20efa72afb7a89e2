import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { newMt19937 } from '../kernels/mt19937.ts'
import { type RebalanceOptions, rankClasses, rebalance } from '../kernels/rebalance.ts'
import type { Selection } from '../values/selection.ts'
import type { Table } from '../values/table.ts'
import { type ClassPairs, readClassPairs } from './class-pairs.ts'
import { groupsProblem, publishedLeafGroups, rankGroupsSchema, readGroups, type WrittenGroup } from './rank-groups.ts'

interface Params {
  readonly groups: readonly WrittenGroup[]
  readonly seed: number
  readonly round: number
  readonly rule: RebalanceOptions['rule']
  readonly max_repeats: number
  readonly leave_out: readonly string[]
}

interface Inputs {
  readonly annotations: Table
  readonly extra?: Table
  readonly held_out?: Selection
}

export const trainingRebalance = defineNode<Params, Inputs>({
  name: 'training/rebalance',
  version: 1,
  description:
    'Says how often each image comes in one epoch, so that rare classes are seen more often. Classes are ranked by their number of images, most first (ties: the one that appears first); groups of ranks are treated in the order given, inside a group the rarest class first. Lots are those of numpy’s legacy generator (`numpy.random.seed(seed + round)`, `choice` without replacement), so that lists made by numpy can be made again; where the authors of the 7th place drew from a Python set (order: sorted here) theirs cannot.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      groups: {
        ...rankGroupsSchema,
        default: publishedLeafGroups,
        description:
          'What is done with the classes of which ranks. Default: the leaf classes of the 7th place, for 275 classes.',
      },
      seed: { type: 'integer', minimum: 0, default: 100, description: 'The generator starts at seed + round.' },
      round: { type: 'integer', minimum: 0, default: 0, description: 'Number of the epoch.' },
      rule: {
        enum: ['default', 'openimages-2019'],
        default: 'default',
        description:
          'default: filling stops at max_repeats, the beginning of an extra image never lowers what it has, lots end when nobody is left. openimages-2019, as the authors’ program: a class that brings an image above max_repeats ends its group; the beginning of an extra image replaces what it has; more lots than images are an error.',
      },
      max_repeats: { type: 'integer', minimum: 1, default: 10, description: 'See rule.' },
      leave_out: { type: 'array', items: { type: 'string' }, default: [], description: 'Images that never come.' },
    },
  },
  inputs: {
    annotations: {
      kind: 'table',
      per: 'collection',
      description: 'Rows with columns image and class; repeated pairs count once.',
    },
    extra: {
      kind: 'table',
      per: 'collection',
      optional: true,
      description: 'The same for images of a second source. An image of both is none of them.',
    },
    held_out: { kind: 'selection', per: 'collection', optional: true, description: 'Images that never come.' },
  },
  outputs: {
    counts: {
      kind: 'table',
      per: 'collection',
      description: 'image, count: every image that comes, in order of appearance. Carries round.',
    },
    classes: {
      kind: 'table',
      per: 'collection',
      description: 'rank, class, images, and samples of the class in the epoch.',
    },
  },
  example: `
counts:
  uses: training/rebalance
  matrix: { round: [2, 3, 4] }
  with: { round: "\${matrix.round}" }
  in: { annotations: rows.table }
`,
  types: ({ groups }, context) => {
    const message = groupsProblem(groups)
    if (message) context.problem({ param: 'groups', message })
    return {}
  },
  run: ({ annotations, extra, held_out: heldOut }, params, context) => {
    const problem = groupsProblem(params.groups)
    if (problem) throw new TaskError({ code: 'bad-value', message: problem })
    const pairs = readClassPairs(annotations, extra, new Set([...params.leave_out, ...(heldOut?.ids ?? [])]))
    const labelOf = new Map(pairs.classes.map((name, label) => [name, label]))
    const groups = readGroups(params.groups, labelOf)
    const unknown = params.groups.flatMap(({ stop_at: id }) => (id !== undefined && !labelOf.has(id) ? [id] : []))
    if (unknown.length > 0) context.note(`stop_at: there are no images of ${unknown.join(', ')}`)
    const { rule, max_repeats: maxRepeats } = params
    const random = newMt19937(params.seed + params.round)
    const counts = countsOf(pairs, () => rebalance(pairs.members, groups, random, { rule, maxRepeats }))
    const used = [...pairs.images.keys()].filter(image => counts[image]! > 0)
    return {
      counts: {
        columns: ['image', 'count', 'round'],
        rows: used.map(image => [pairs.images[image]!, counts[image]!, params.round]),
      } satisfies Table,
      classes: classTable(pairs, counts),
    }
  },
})

/** Names the class that a message of the kernel numbers. */
function countsOf({ classes }: ClassPairs, count: () => Int32Array): Int32Array {
  try {
    return count()
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new TaskError({
      code: 'bad-value',
      message: error.message.replace(/^class (\d+)/, (_, label) => `the class ${classes[Number(label)]}`),
      fix: 'a smaller target or exceeded; rule: default  takes all images that are left',
    })
  }
}

function classTable({ classes, members }: ClassPairs, counts: Int32Array): Table {
  return {
    columns: ['rank', 'class', 'images', 'samples'],
    rows: rankClasses(members.images).map((label, rank) => {
      const own = members.images[label]!
      return [rank, classes[label]!, own.length, own.reduce((sum, image) => sum + counts[image]!, 0)]
    }),
  }
}
