import { nearestName } from '../../engine/base/typo.ts'
import { type CheckContext, defineNode } from '../../engine/contract/node.ts'
import { topK } from '../kernels/order.ts'
import { classesInFacets, describeClasses, labelsById } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { inputClasses } from '../values/input-classes.ts'
import { statedAreas } from '../values/instance-areas.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'

interface Params {
  readonly min_score?: number
  readonly above_score?: number
  readonly max_score?: number
  readonly classes?: readonly string[]
  readonly drop_classes?: readonly string[]
  readonly min_area_px: number
  readonly max_area_px?: number
  readonly max_per_image?: number
}

export const instancesFilter = defineNode<Params, { instances: Instances }>({
  name: 'instances/filter',
  version: 1,
  description:
    'Keeps the instances that pass every given test, in their order. With max_per_image, those with the highest scores among them (ties: the earlier one) stay, still in their order.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    properties: {
      min_score: { type: 'number', minimum: 0, maximum: 1, description: 'Keep score ≥ this.' },
      above_score: { type: 'number', minimum: 0, maximum: 1, description: 'Keep score > this.' },
      max_score: { type: 'number', minimum: 0, maximum: 1, description: 'Keep score ≤ this.' },
      classes: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        uniqueItems: true,
        description: 'Class ids to keep; the class list shrinks to them, in its own order. Default: all.',
      },
      drop_classes: {
        type: 'array',
        items: { type: 'string' },
        uniqueItems: true,
        description: 'Class ids to remove, from the class list too.',
      },
      min_area_px: {
        type: 'number',
        minimum: 0,
        default: 0,
        description: 'Keep area ≥ this many pixels; the stated area in ground truth that has one, else the mask’s.',
      },
      max_area_px: { type: 'number', minimum: 0, description: 'Keep area ≤ this many pixels.' },
      max_per_image: { type: 'integer', minimum: 0, description: 'Keep at most this many of an image.' },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' } },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'Those that passed.' } },
  example: `
confident:
  uses: instances/filter
  with: { above_score: 0.3, min_area_px: 64, max_per_image: 100 }
  in: { instances: masks.instances }
`,
  types: (params, context) => {
    const classes = classesInFacets(context.inputs['instances']?.[0])
    if (!classes) return {}
    reportUnknown('classes', params.classes ?? [], classes, context)
    reportUnknown('drop_classes', params.drop_classes ?? [], classes, context)
    return { instances: { classes: keptClasses(classes, params) } }
  },
  run: ({ instances }, params, context) => {
    const classes = inputClasses(context, 'instances')
    const newLabels = labelsById(keptClasses(classes, params))
    const areasPx = statedAreas(instances)
    let kept: number[] = []
    for (const [index, score] of instances.scores.entries()) {
      const areaPx = areasPx[index]!
      if (!newLabels.has(classes[instances.labels[index]!]!.id)) continue
      if (score < (params.min_score ?? 0) || score <= (params.above_score ?? -1) || score > (params.max_score ?? 1)) {
        continue
      }
      if (areaPx < params.min_area_px || areaPx > (params.max_area_px ?? Infinity)) continue
      kept.push(index)
    }
    if (params.max_per_image !== undefined && kept.length > params.max_per_image) {
      const scores = Float64Array.from(kept, index => instances.scores[index]!)
      const best = topK(scores, params.max_per_image).sort()
      kept = Array.from(best, position => kept[position]!)
    }
    const labels = Int32Array.from(kept, index => newLabels.get(classes[instances.labels[index]!]!.id)!)
    return { instances: selectInstances(instances, kept, labels) }
  },
})

function keptClasses(classes: ClassList, { classes: keep, drop_classes: drop }: Params): ClassList {
  return classes.filter(({ id }) => (keep === undefined || keep.includes(id)) && !drop?.includes(id))
}

function reportUnknown(param: string, ids: readonly string[], classes: ClassList, context: CheckContext): void {
  const known = labelsById(classes)
  for (const id of ids) {
    if (known.has(id)) continue
    const named = classes.find(({ name }) => name === id)?.id
    const near = named ?? nearestName(id, known.keys())
    context.problem({
      param,
      message: `there is no class with the id ${id} here; the instances have ${describeClasses(classes)}`,
      ...(near !== undefined && { fix: near }),
    })
  }
}
