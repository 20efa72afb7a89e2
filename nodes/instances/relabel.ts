import { defineNode } from '../../engine/contract/node.ts'
import { classesInFacets } from '../values/class-lists.ts'
import type { ClassList } from '../values/classes.ts'
import { checkLabels, inputClasses } from '../values/input-classes.ts'
import type { Instances } from '../values/instances.ts'
import { selectInstances } from '../values/select-instances.ts'

/** Class id → new class id; null leaves the class out. */
interface Params {
  readonly classes: { readonly [id: string]: string | null }
}

const OTHERS = 'others'

export const instancesRelabel = defineNode<Params, { instances: Instances }>({
  name: 'instances/relabel',
  version: 1,
  description:
    'Gives classes other ids, unites several in one, or leaves classes out with their instances. The new list keeps the order of the old one; a united class stands where the first of its classes stood.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['classes'],
    properties: {
      classes: {
        type: 'object',
        minProperties: 1,
        additionalProperties: { type: ['string', 'null'], minLength: 1 },
        examples: [{ others: 'cell' }, { others: 'thing' }],
        description:
          'Map from class id to its new id, or to null to leave the class out. others: what becomes of all classes that are not named (default: they stay).',
      },
    },
  },
  inputs: { instances: { kind: 'instances', per: 'item', description: 'Instances of one image.' } },
  outputs: { instances: { kind: 'instances', per: 'item', description: 'The same, in their order, relabelled.' } },
  example: `
cells:
  uses: instances/relabel
  with: { classes: { others: cell } }
  in: { instances: truth.instances }
`,
  types: ({ classes: changes }, context) => {
    const classes = classesInFacets(context.inputs['instances']?.[0])
    if (classes === undefined) return {}
    const known = new Set(classes.map(({ id }) => id))
    const unknown = Object.keys(changes).find(id => id !== OTHERS && !known.has(id))
    if (unknown !== undefined) {
      context.problem({
        param: 'classes',
        message: `there is no class ${unknown} at the input instances; there are ${[...known].slice(0, 5).join(', ')}`,
      })
    }
    const relabelled = relabelling(classes, changes)
    if (relabelled.classes.length === 0) context.problem({ param: 'classes', message: 'no class is left' })
    return { instances: { classes: relabelled.classes } }
  },
  run: ({ instances }, { classes: changes }, context) => {
    const classes = inputClasses(context, 'instances')
    checkLabels(instances.labels, classes, 'input instances')
    const { newLabels } = relabelling(classes, changes)
    const kept = [...instances.labels.keys()].filter(i => newLabels[instances.labels[i]!]! >= 0)
    const labels = Int32Array.from(kept, i => newLabels[instances.labels[i]!]!)
    return { instances: selectInstances(instances, kept, labels) }
  },
})

/** `newLabels` [old label] the new one, −1 where the class is left out. */
function relabelling(classes: ClassList, changes: Params['classes']) {
  const newClasses: { id: string; name: string }[] = []
  const labels = new Map<string, number>()
  const newLabels = classes.map(({ id, name }) => {
    const to = Object.hasOwn(changes, id) ? changes[id]! : Object.hasOwn(changes, OTHERS) ? changes[OTHERS]! : id
    if (to === null) return -1
    if (!labels.has(to)) labels.set(to, newClasses.push({ id: to, name: to === id ? name : to }) - 1)
    return labels.get(to)!
  })
  return { classes: newClasses as ClassList, newLabels }
}
