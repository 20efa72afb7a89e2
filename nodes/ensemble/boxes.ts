import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode } from '../../engine/contract/node.ts'
import { argmaxRows } from '../kernels/majority.ts'
import { weightedMean } from '../kernels/weighted-mean.ts'
import type { ProposalBoxes } from '../values/boxes.ts'
import {
  checkWeights,
  type FoldWeights,
  membersOf,
  WEIGHTS_SCHEMA,
  type Weights,
  weightsPort,
} from '../values/weights.ts'

interface Params {
  readonly labels: 'all' | 'argmax'
  readonly weights?: FoldWeights
}

interface Inputs {
  readonly boxes: readonly ProposalBoxes[]
  readonly weights?: Weights
}

export const ensembleBoxes = defineNode<Params, Inputs>({
  name: 'ensemble/boxes',
  version: 1,
  description:
    'Averages class probabilities and boxes that several views found for the same proposals, number by number (mmdetection merge_aug_bboxes, with weights).',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      labels: {
        enum: ['all', 'argmax'],
        default: 'all',
        description:
          'all: every class keeps its own mean box. argmax: each view gives the box of the class it finds likeliest for a proposal, and their mean is the box of all classes (TheoViel’s Sartorius solution). The same where classes share a box.',
      },
      weights: {
        ...WEIGHTS_SCHEMA,
        'x-weights-of': 'boxes',
        description: 'Influence of each view, by axis and coordinate id: { model: { L1: 2 } }; missing = 1.',
      },
    },
  },
  inputs: {
    boxes: {
      kind: 'boxes',
      per: 'item',
      many: 'folded',
      description: 'What each view says about the same proposals, with the same classes.',
    },
    weights: weightsPort,
  },
  outputs: {
    boxes: {
      kind: 'boxes',
      per: 'item',
      persist: 'always',
      description: 'Weighted means, summed in double in the order of the views.',
    },
  },
  example: `mean:
  uses: ensemble/boxes
  over: [model, scale, flip]
  with: { weights: { model: { L1: 2 } } }
  in: { boxes: heads.boxes }
`,
  types: (params, context) => {
    checkWeights(params.weights, context)
    const boxes = context.inputs['boxes']?.[0]
    if (boxes === undefined) return {}
    return { boxes: params.labels === 'argmax' ? { ...boxes, class_boxes: 'shared' } : boxes }
  },
  run: ({ boxes, weights: named }, params) => {
    const { values: found, weights } = membersOf(boxes, params.weights, named)
    for (const [index, view] of found.entries()) checkAligned(found[0]!, view, index)
    const views = params.labels === 'argmax' ? found.map(likeliestBoxes) : found
    const first = views[0]!
    return {
      boxes: {
        ...first,
        probabilities: weightedMean(
          views.map(view => view.probabilities),
          weights,
        ),
        boxesXyxy: weightedMean(
          views.map(view => view.boxesXyxy),
          weights,
        ),
      } satisfies ProposalBoxes,
    }
  },
})

/** One box for each proposal: that of its likeliest class, of equal ones the first. */
function likeliestBoxes(view: ProposalBoxes): ProposalBoxes {
  if (view.boxesPerProposal === 1) return view
  const labels = argmaxRows(view.probabilities, view.classCount)
  const boxesXyxy = new Float32Array(4 * labels.length)
  for (let i = 0; i < labels.length; i++) {
    const from = 4 * (i * view.classCount + labels[i]!)
    boxesXyxy.set(view.boxesXyxy.subarray(from, from + 4), 4 * i)
  }
  return { ...view, boxesXyxy, boxesPerProposal: 1 }
}

function checkAligned(first: ProposalBoxes, view: ProposalBoxes, index: number): void {
  const mismatch = (what: string) =>
    new TaskError({
      code: 'bad-value',
      message: `view 0 and view ${index} cannot be averaged: ${what}`,
      fix: 'give every view the same proposals and models with the same kind of box head',
    })
  if (view.classCount !== first.classCount) throw mismatch(`${first.classCount} against ${view.classCount} classes`)
  if (view.boxesPerProposal !== first.boxesPerProposal) {
    const describe = (count: number) => (count === 1 ? 'one box for all classes' : 'one box for each class')
    throw mismatch(`${describe(first.boxesPerProposal)} against ${describe(view.boxesPerProposal)}`)
  }
  if (view.probabilities.length !== first.probabilities.length) {
    const rows = (value: ProposalBoxes) => value.probabilities.length / value.classCount
    throw mismatch(`${rows(first)} against ${rows(view)} proposals`)
  }
  if (view.frameHw[0] !== first.frameHw[0] || view.frameHw[1] !== first.frameHw[1])
    throw mismatch(`frames of ${first.frameHw.join(' × ')} against ${view.frameHw.join(' × ')} (height × width)`)
}
