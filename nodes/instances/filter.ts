import { nearestName } from '../../engine/base/typo.ts'
import { type CheckContext, defineNode } from '../../engine/contract/node.ts'
import { topK } from '../kernels/order.ts'
import { type ByClass, byClassSchema, checkByClass, groupPort, numbersByInstance } from '../values/by-class.ts'
import { classesInFacets, describeClasses, labelsById } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import { statedAreas } from '../values/instance-areas.ts'
import type { Instances } from '../values/instances.ts'
import type { Label } from '../values/label.ts'
import { selectInstances } from '../values/select-instances.ts'

interface Params {
  readonly min_score?: ByClass
  readonly above_score?: ByClass
  readonly max_score?: ByClass
  readonly classes?: readonly string[]
  readonly drop_classes?: readonly string[]
  readonly min_area_px: ByClass
  readonly max_area_px?: ByClass
  readonly max_per_image?: number
}

const SCORE = byClassSchema({ type: 'number', minimum: 0, maximum: 1 })
const AREA = byClassSchema({ type: 'number', minimum: 0 })
const LIMITS = ['min_score', 'above_score', 'max_score', 'min_area_px', 'max_area_px'] as const

export const instancesFilter = defineNode<Params, { instances: Instances; group?: Label }>({
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
      min_score: { ...SCORE, description: 'Keep score ≥ this.' },
      above_score: { ...SCORE, description: 'Keep score > this.' },
      max_score: { ...SCORE, description: 'Keep score ≤ this.' },
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
        ...AREA,
        default: 0,
        description: 'Keep area ≥ this many pixels; the stated area in ground truth that has one, else the mask’s.',
      },
      max_area_px: { ...AREA, description: 'Keep area ≤ this many pixels.' },
      max_per_image: { type: 'integer', minimum: 0, description: 'Keep at most this many of an image.' },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' },
    group: groupPort,
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'Those that passed.' } },
  example: `
confident:
  uses: instances/filter
  with: { above_score: 0.3, min_area_px: 64, max_per_image: 100 }
  in: { instances: masks.instances }
`,
  types: (params, context) => {
    const classes = classesInFacets(context.inputs['instances']?.[0])
    for (const name of LIMITS) checkByClass(name, params[name], classes, context)
    if (!classes) return {}
    reportUnknown('classes', params.classes ?? [], classes, context)
    reportUnknown('drop_classes', params.drop_classes ?? [], classes, context)
    return { instances: { classes: keptClasses(classes, params) } }
  },
  run: ({ instances, group }, params, context) => {
    const classes = inputClasses(context, 'instances')
    checkLabels(instances.labels, classes, 'input instances')
    const newLabels = labelsById(keptClasses(classes, params))
    const areasPx = statedAreas(instances)
    const limit = (name: (typeof LIMITS)[number], otherwise: number) => {
      const value = params[name] ?? otherwise
      return numbersByInstance(name, value, instances.labels, () => classes, group, context)
    }
    const minScore = limit('min_score', 0)
    const aboveScore = limit('above_score', -1)
    const maxScore = limit('max_score', 1)
    const minAreaPx = limit('min_area_px', 0)
    const maxAreaPx = limit('max_area_px', Infinity)
    let kept: number[] = []
    for (const [index, score] of instances.scores.entries()) {
      const areaPx = areasPx[index]!
      if (!newLabels.has(classes[instances.labels[index]!]!.id)) continue
      if (score < minScore[index]! || score <= aboveScore[index]! || score > maxScore[index]!) continue
      if (areaPx < minAreaPx[index]! || areaPx > maxAreaPx[index]!) continue
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
