import { defineNode } from '../../engine/contract/node.ts'
import { classesInFacets, describeClasses, labelsById } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { ancestorsOfEach, type Hierarchy, hierarchyInFacets } from '../values/hierarchy.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'

interface Params {
  readonly emit: 'ancestors' | 'self-and-ancestors' | 'self'
}

interface Expansion {
  readonly classes: ClassList
  /** For each label of the input, the labels of the result it becomes. */
  readonly labels: readonly (readonly number[])[]
  /** Input classes that the hierarchy does not know. */
  readonly unknown: ClassList
}

export const hierarchyExpand = defineNode<Params, { instances: Instances; hierarchy: Hierarchy }>({
  name: 'hierarchy/expand',
  version: 1,
  description:
    'Copies each instance to every ancestor of its class, with the same score, box and mask: each ancestor once, however many paths lead to it. Copies follow their original, in the order of the result’s class list. For predictions and for ground truth alike.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['emit'],
    properties: {
      emit: {
        enum: ['ancestors', 'self-and-ancestors', 'self'],
        description:
          'What an instance becomes. ancestors: only copies; an instance without ancestors vanishes; the class list is that of all ancestors, in the order of the hierarchy. self-and-ancestors: itself and its copies; the class list is the input’s, followed by the ancestors it lacks. self: itself, nothing changes.',
      },
    },
  },
  inputs: {
    instances: { kind: 'instances', per: 'item', description: 'Instances whose classes the hierarchy knows.' },
    hierarchy: { kind: 'hierarchy', per: 'collection', description: 'Who is whose parent.' },
  },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The copies, and the originals if asked.' } },
  example: `
lifted:
  uses: hierarchy/expand
  with: { emit: ancestors }
  in: { instances: leaf.instances, hierarchy: classes.hierarchy }
`,
  types: (params, context) => {
    const classes = classesInFacets(context.inputs['instances']?.[0])
    const hierarchy = hierarchyInFacets(context.inputs['hierarchy']?.[0])
    if (!classes || !hierarchy) return {}
    const expansion = expandClasses(classes, hierarchy, params.emit)
    if (expansion.unknown.length > 0) {
      context.problem({
        input: 'instances',
        message: `the hierarchy has no ${describeClasses(expansion.unknown)} of the instances; it has ${describeClasses(hierarchy.classes)}`,
        fix: 'Use the hierarchy of the data set the models were trained for; classes meet by id.',
      })
    }
    return { instances: { classes: expansion.classes } }
  },
  run: ({ instances, hierarchy }, { emit }, context) => {
    const classes = inputClasses(context, 'instances')
    checkLabels(instances.labels, classes, 'input instances')
    const { labels: becomes } = expandClasses(classes, hierarchy, emit)
    const indices: number[] = []
    const labels: number[] = []
    for (const [index, label] of instances.labels.entries()) {
      for (const target of becomes[label]!) {
        indices.push(index)
        labels.push(target)
      }
    }
    return { instances: selectInstances(instances, indices, Int32Array.from(labels)) }
  },
})

function expandClasses(classes: ClassList, hierarchy: Hierarchy, emit: Params['emit']): Expansion {
  const inHierarchy = labelsById(hierarchy.classes)
  const ancestors = ancestorsOfEach(hierarchy)
  const above = classes.map(({ id }) => (emit === 'self' ? [] : (ancestors[inHierarchy.get(id) ?? -1] ?? [])))
  const reached = new Set(above.flat())
  const lifted = hierarchy.classes.filter((_, label) => reached.has(label))
  const own = emit === 'ancestors' ? [] : classes
  const ownIds = labelsById(own)
  const all = [...own, ...lifted.filter(({ id }) => !ownIds.has(id))]
  const labelOf = labelsById(all)
  return {
    classes: all,
    labels: classes.map(({ id }, label) => {
      const targets = above[label]!.map(ancestor => labelOf.get(hierarchy.classes[ancestor]!.id)!)
      return [...(emit === 'ancestors' ? [] : [labelOf.get(id)!]), ...targets.sort((a, b) => a - b)]
    }),
    unknown: classes.filter(({ id }) => !inHierarchy.has(id)),
  }
}
