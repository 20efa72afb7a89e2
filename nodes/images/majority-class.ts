import { defineNode } from '../../engine/contract/node.ts'
import { argmaxRows, majorityLabel } from '../kernels/majority.ts'
import type { ProposalBoxes } from '../values/boxes.ts'
import { classesInFacets, uniteClassLists } from '../values/class-lists.ts'
import type { Detections } from '../values/detections.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'

interface Inputs {
  readonly detections: ProposalBoxes | Detections | Instances
  readonly otherwise?: Label
}

export const imagesMajorityClass = defineNode<object, Inputs>({
  name: 'images/majority-class',
  version: 1,
  description:
    'The class that most detections of an image have, as the type of the image; of equally many the first in the class list. Of proposals with class probabilities, every one counts for its likeliest class. Where detections cannot decide (none, or models of one class) the label at otherwise counts, or else the first class.',
  mode: 'item',
  lane: 'cpu',
  params: { type: 'object', additionalProperties: false, properties: {} },
  inputs: {
    detections: {
      kind: ['detections', 'instances', 'boxes'],
      per: 'item',
      description: 'What was found, with classes.',
    },
    otherwise: {
      kind: 'label',
      per: 'item',
      optional: true,
      description: 'Type of images whose detections cannot decide.',
    },
  },
  outputs: { label: { kind: 'label', per: 'item', description: 'Id of the class.' } },
  example: `type:
  uses: images/majority-class
  in: { detections: detections.detections, otherwise: by_maps.label }
`,
  types: (_params, context) => {
    const classes = classesInFacets(context.inputs['detections']?.[0])
    const others = context.inputs['otherwise']?.[0]
    if (classes === undefined || (others !== undefined && classesInFacets(others) === undefined)) return {}
    const lists = [...(others && classes.length === 1 ? [] : [classes]), classesInFacets(others) ?? []]
    return { label: { classes: uniteClassLists(lists).classes } }
  },
  run: ({ detections, otherwise }, _params, context) => {
    const classes = inputClasses(context, 'detections')
    const label = majorityLabel(
      'labels' in detections ? detections.labels : argmaxRows(detections.probabilities, detections.classCount),
    )
    if ('labels' in detections) checkLabels(detections.labels, classes, 'input detections')
    if (otherwise !== undefined && (label < 0 || classes.length === 1)) return { label: otherwise }
    return { label: { text: classes[Math.max(0, label)]!.id } satisfies Label }
  },
})
