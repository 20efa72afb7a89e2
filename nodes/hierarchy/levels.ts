import { TaskError } from '../../engine/base/diagnostic.ts'
import { type CheckContext, defineNode } from '../../engine/contract/node.ts'
import { type Hierarchy, hierarchyInFacets } from '../values/hierarchy.ts'
import { classesOfLevels, levelsOfEach } from '../values/hierarchy-levels.ts'
import type { Table } from '../values/table.ts'

interface Params {
  readonly levels: readonly number[]
}

/** JSON Schema of the parameter that chooses a layer. */
export const LEVELS_SCHEMA = {
  type: 'array',
  items: { type: 'integer', minimum: 0 },
  minItems: 1,
  uniqueItems: true,
  description:
    'Levels of the layer: 0 is the top, classes without parents; children are one level below their parents.',
} as const

export const hierarchyLevels = defineNode<Params, { hierarchy: Hierarchy }>({
  name: 'hierarchy/levels',
  version: 1,
  description:
    'Cuts a layer out of a hierarchy: the classes of some of its levels, by id in code unit order. A class that is reached by several ways counts once, if one of its levels is asked for.',
  mode: 'collection',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['levels'],
    properties: { levels: LEVELS_SCHEMA },
  },
  inputs: { hierarchy: { kind: 'hierarchy', per: 'collection', description: 'The classes and who is whose parent.' } },
  outputs: {
    classes: { kind: 'classes', per: 'collection', description: 'The layer.' },
    table: {
      kind: 'table',
      per: 'collection',
      description: 'For each class of the layer: number from 1, class, name, its levels and its direct parents.',
    },
  },
  example: `
upper:
  uses: hierarchy/levels
  with: { levels: [0] }
  in: { hierarchy: classes.hierarchy }
`,
  types: ({ levels }, context) => {
    const hierarchy = hierarchyInFacets(context.inputs['hierarchy']?.[0])
    if (!hierarchy) return {}
    checkLevels(levels, hierarchy, context)
    return { classes: { classes: classesOfLevels(hierarchy, levels) } }
  },
  run: ({ hierarchy }, { levels }) => {
    const classes = classesOfLevels(hierarchy, levels)
    if (classes.length === 0) {
      throw new TaskError({ code: 'bad-value', message: `no class is at level ${levels.join(' or ')}` })
    }
    return { classes: { classes }, table: toTable(hierarchy, levels) }
  },
})

/** Reports, at `levels`, a layer without classes. */
export function checkLevels(levels: readonly number[], hierarchy: Hierarchy, context: CheckContext): void {
  if (classesOfLevels(hierarchy, levels).length > 0) return
  const deepest = Math.max(...levelsOfEach(hierarchy).flat())
  const message = `no class is at level ${levels.join(' or ')}`
  context.problem({ param: 'levels', message, fix: `the levels of this hierarchy are 0 to ${deepest}` })
}

function toTable(hierarchy: Hierarchy, levels: readonly number[]): Table {
  const own = levelsOfEach(hierarchy)
  const label = new Map(hierarchy.classes.map(({ id }, index) => [id, index]))
  const rows = classesOfLevels(hierarchy, levels).map(({ id, name }, index) => {
    const at = label.get(id)!
    const parents = hierarchy.parents[at]!.map(parent => hierarchy.classes[parent]!.id)
    return [index + 1, id, name, own[at]!.join(' '), parents.join(' ')]
  })
  return { columns: ['number', 'class', 'name', 'levels', 'parents'], rows }
}
