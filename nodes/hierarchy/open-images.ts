import { readFile } from 'node:fs/promises'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { defineNode, type PathRef } from '../../engine/contract/node.ts'
import { checkFile } from '../values/bad-file.ts'
import { type Hierarchy, hierarchyProblem } from '../values/hierarchy.ts'
import { readClassDescriptions, readHierarchyTree } from '../values/open-images-tree.ts'

interface Params {
  readonly hierarchy: PathRef
  readonly descriptions: PathRef
}

export const hierarchyOpenImages = defineNode<Params, Record<string, never>>({
  name: 'hierarchy/open-images',
  version: 1,
  description:
    'Reads a class list and a class tree in the layout of Open Images. Classes come in the order of the descriptions; a class at several places of the tree has several parents; the root of the tree is no class.',
  mode: 'collection',
  lane: 'io',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['hierarchy', 'descriptions'],
    properties: {
      hierarchy: {
        type: 'string',
        'x-path': 'file',
        description: 'JSON tree of {LabelName, Subcategory: […]}. Only Subcategory makes a parent, Part does not.',
      },
      descriptions: {
        type: 'string',
        'x-path': 'file',
        description: 'CSV of class id and name, with or without the header LabelName,DisplayName.',
      },
    },
  },
  inputs: {},
  outputs: {
    classes: { kind: 'classes', per: 'collection', description: 'All classes of the descriptions.' },
    hierarchy: { kind: 'hierarchy', per: 'collection', description: 'The same classes and their direct parents.' },
  },
  example: `
classes:
  uses: hierarchy/open-images
  with: { hierarchy: hierarchy.json, descriptions: class-descriptions.csv }
`,
  types: async ({ hierarchy: tree, descriptions }, context) => {
    const classes = await checkFile(context, 'descriptions', () =>
      readClassDescriptions(descriptions.path, context.readFile(descriptions.path)),
    )
    if (!classes) return {}
    const hierarchy = await checkFile(context, 'hierarchy', () =>
      soundHierarchy(readHierarchyTree(tree.path, context.readFile(tree.path), classes)),
    )
    return { classes: { classes }, ...(hierarchy && { hierarchy }) }
  },
  run: async (_inputs, { hierarchy: tree, descriptions }) => {
    const classes = await readClassDescriptions(descriptions.path, await readFile(descriptions.path))
    return { classes: { classes }, hierarchy: readHierarchyTree(tree.path, await readFile(tree.path), classes) }
  },
})

/** Two branches can make a circle that no single branch shows. */
function soundHierarchy(hierarchy: Hierarchy): Hierarchy {
  const problem = hierarchyProblem(hierarchy)
  if (problem) throw new TaskError({ code: 'bad-file', message: problem })
  return hierarchy
}
