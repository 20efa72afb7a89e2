import { type CheckContext, defineNode } from '../../engine/contract/node.ts'
import { classesInFacets, describeClasses, labelsById } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import type { Detections } from '../values/detections.ts'
import { ancestorsOfEach, type Hierarchy, hierarchyInFacets } from '../values/hierarchy.ts'
import { classesOfLevels } from '../values/hierarchy-levels.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'
import { checkLevels, LEVELS_SCHEMA } from './levels.ts'

interface Params {
  readonly levels: readonly number[]
  readonly parent_of: { readonly [classId: string]: string }
  readonly covered: number
}

/** What becomes of the instances of a class. */
type Fate =
  /** Labels of the layer: its own, or those of the nearest ancestors in it. */
  | { readonly becomes: readonly number[]; readonly own: boolean }
  /** It may show things of the layer that nobody named: its box is not to be learned as background. */
  | 'hidden'
  /** It has nothing to do with the layer. */
  | 'unrelated'

export const hierarchyLayer = defineNode<Params, { instances: Instances; hierarchy: Hierarchy }>({
  name: 'hierarchy/layer',
  version: 1,
  description:
    'Makes the annotations of one layer of a hierarchy, for a model of its own. Instances of the layer stay; those of a class below become the nearest class of the layer; those of a class above, which may be anything below it, come out as boxes to paint over (images/fill-boxes); others are left out. An instance that is not of the layer and mostly covers one that is, is a second annotation of it, and left out.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['levels'],
    properties: {
      levels: LEVELS_SCHEMA,
      parent_of: {
        type: 'object',
        additionalProperties: { type: 'string' },
        default: {},
        description:
          'For a class with several parents, the one that counts: { /m/0kmg4: /m/0138tl }. Default: all of them; an instance then becomes one for each.',
      },
      covered: {
        type: 'number',
        minimum: 0,
        maximum: 1,
        default: 0.25,
        description:
          'An instance not of the layer is left out when it covers more than (>) this share of the box of one that is.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Annotations of all classes.' },
    hierarchy: { kind: 'hierarchy', per: 'collection', description: 'Who is whose parent.' },
  },
  outputs: {
    instances: {
      kind: 'instances',
      per: 'item',
      description: 'The annotations of the layer, in their order; classes by id in code unit order.',
    },
    hidden: {
      kind: 'detections',
      per: 'item',
      description: 'Boxes of instances of classes above the layer that cover none of it, under their own classes.',
    },
  },
  example: `
upper:
  uses: hierarchy/layer
  with: { levels: [0] }
  in: { instances: truth.instances, hierarchy: classes.hierarchy }
`,
  types: (params, context) => {
    const classes = classesInFacets(context.inputs['instances']?.[0])
    const hierarchy = hierarchyInFacets(context.inputs['hierarchy']?.[0])
    if (!classes || !hierarchy) return {}
    checkLevels(params.levels, hierarchy, context)
    checkParents(params.parent_of, hierarchy, context)
    const known = labelsById(hierarchy.classes)
    const unknown = classes.filter(({ id }) => !known.has(id))
    if (unknown.length > 0) {
      const message = `the hierarchy has no ${describeClasses(unknown)} of the instances; it has ${describeClasses(hierarchy.classes)}`
      context.problem({ input: 'instances', message, fix: 'classes meet by id; use the hierarchy of the annotations' })
    }
    return { instances: { classes: classesOfLevels(hierarchy, params.levels) }, hidden: { classes } }
  },
  run: ({ instances, hierarchy }, params, context) => {
    const classes = inputClasses(context, 'instances')
    checkLabels(instances.labels, classes, 'input instances')
    const fates = fatesOf(classes, hierarchy, params)
    const targets = [...instances.labels.keys()].filter(index => isOwn(fates[instances.labels[index]!]!))
    const indices: number[] = []
    const labels: number[] = []
    const hidden: number[] = []
    for (const [index, label] of instances.labels.entries()) {
      const fate = fates[label]!
      if (fate === 'unrelated') continue
      if (!isOwn(fate) && coversOne(instances.boxesXyxy, index, targets, params.covered)) continue
      if (fate === 'hidden') hidden.push(index)
      else {
        for (const target of fate.becomes) {
          indices.push(index)
          labels.push(target)
        }
      }
    }
    return {
      instances: selectInstances(instances, indices, Int32Array.from(labels)),
      hidden: boxesOf(selectInstances(instances, hidden)),
    }
  },
})

function isOwn(fate: Fate): boolean {
  return typeof fate === 'object' && fate.own
}

/** For each input label. */
function fatesOf(classes: ClassList, hierarchy: Hierarchy, { levels, parent_of: parentOf }: Params): readonly Fate[] {
  const labelIn = labelsById(hierarchy.classes)
  const targets = labelsById(classesOfLevels(hierarchy, levels))
  const chosen = hierarchy.parents.map((direct, label) => {
    const only = parentOf[hierarchy.classes[label]!.id]
    return only === undefined ? direct : [labelIn.get(only)!]
  })
  const above = new Set<number>()
  for (const [label, ancestors] of ancestorsOfEach(hierarchy).entries()) {
    if (targets.has(hierarchy.classes[label]!.id)) for (const ancestor of ancestors) above.add(ancestor)
  }
  return classes.map(({ id }): Fate => {
    const target = targets.get(id)
    if (target !== undefined) return { becomes: [target], own: true }
    const label = labelIn.get(id)
    if (label === undefined) return 'unrelated'
    const becomes = nearestTargets(label, chosen, hierarchy.classes, targets)
    if (becomes.length > 0) return { becomes, own: false }
    return above.has(label) ? 'hidden' : 'unrelated'
  })
}

/** Labels of the layer that are first met on each way up, ascending, each once. */
function nearestTargets(
  label: number,
  parents: readonly (readonly number[])[],
  classes: ClassList,
  targets: ReadonlyMap<string, number>,
): number[] {
  const found = new Set<number>()
  const open = [...parents[label]!]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const target = targets.get(classes[at]!.id)
    if (target === undefined) open.push(...parents[at]!)
    else found.add(target)
  }
  return [...found].sort((a, b) => a - b)
}

/** Does box `index` cover more than the share of the area of one of the targets? A target without area is never covered. */
function coversOne(boxesXyxy: Float64Array, index: number, targets: readonly number[], share: number): boolean {
  const [x1, y1, x2, y2] = boxesXyxy.subarray(4 * index, 4 * index + 4) as unknown as [number, number, number, number]
  return targets.some(target => {
    const at = 4 * target
    const [left, top, right, bottom] = [boxesXyxy[at]!, boxesXyxy[at + 1]!, boxesXyxy[at + 2]!, boxesXyxy[at + 3]!]
    const width = Math.min(x2, right) - Math.max(x1, left)
    const height = Math.min(y2, bottom) - Math.max(y1, top)
    const area = (right - left) * (bottom - top)
    return width > 0 && height > 0 && area > 0 && (width * height) / area > share
  })
}

function boxesOf({ sizeHw, boxesXyxy, scores, labels }: Instances): Detections {
  return { frameHw: sizeHw, boxesXyxy, scores, labels }
}

function checkParents(parentOf: Params['parent_of'], hierarchy: Hierarchy, context: CheckContext): void {
  const labels = labelsById(hierarchy.classes)
  for (const [child, parent] of Object.entries(parentOf)) {
    const label = labels.get(child)
    const direct = label === undefined ? [] : hierarchy.parents[label]!.map(above => hierarchy.classes[above]!.id)
    if (direct.includes(parent)) continue
    const message = label === undefined ? `there is no class ${child}` : `${parent} is no parent of ${child}`
    context.problem({
      param: 'parent_of',
      message,
      ...(direct.length > 0 && { fix: `its parents are ${direct.join(', ')}` }),
    })
  }
}
