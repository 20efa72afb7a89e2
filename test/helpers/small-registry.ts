import type { Json } from '../../engine/base/canonical.ts'
import type { Facets, Kind } from '../../engine/contract/kind.ts'
import { type CheckContext, defineNode, type NodeDefinition, type PathRef } from '../../engine/contract/node.ts'
import type { Registry } from '../../engine/contract/registry.ts'
import type { WorldFiles } from '../../engine/testing/small-world.ts'

/*
 * The shape of a three-stage ensemble without its arithmetic, for tests of compiling: nothing here is ever run. Names
 * are those of real nodes; ports and parameters are fewer, and change only when a test here needs it.
 */

type Definition = Pick<NodeDefinition, 'name' | 'inputs' | 'outputs'> & Partial<NodeDefinition>

function node({ inputs, outputs, ...rest }: Definition): NodeDefinition {
  return defineNode<object, object>({
    version: 1,
    description: `The ${rest.name} of tests.`,
    mode: 'item',
    lane: 'cpu',
    params: params({}),
    example: '',
    run: () => ({}),
    inputs,
    outputs,
    ...(rest as object as { name: string }),
  })
}

function params(properties: NodeDefinition['params']['properties'], required: readonly string[] = []) {
  return { type: 'object', additionalProperties: false, required, properties } as const
}

const fraction = (initial: number) =>
  ({ type: 'number', minimum: 0, maximum: 1, default: initial, description: 'An overlap.' }) as const
const weights = {
  type: 'object',
  additionalProperties: { type: 'object', additionalProperties: { type: 'number' } },
  description: 'Weights.',
} as const

function port<Per extends 'item' | 'collection'>(kind: string, per: Per) {
  return { kind, per, description: `Some ${kind}.` } as const
}

/** The class list in `classes.txt` of a model, one word each. */
function modelFacets({ model }: { model?: PathRef }, context: CheckContext): { features: Facets } {
  if (model === undefined) return { features: { classes: context.inputs['model']?.[0]?.['classes'] ?? [] } }
  const words = new TextDecoder()
    .decode(context.readFile(`${model.path}/classes.txt`))
    .trim()
    .split(' ')
  if (words[0] === 'broken') {
    context.problem({ param: 'model', message: `${model.path}: the class list is broken`, fix: 'mend it' })
  }
  return { features: { classes: words } }
}

const passClasses = (from: string, to: string) => (_params: never, context: CheckContext) => ({
  [to]: { classes: (context.inputs[from]?.[0]?.['classes'] ?? []) as Json },
})

const nodes: readonly NodeDefinition[] = [
  node({
    name: 'images/folder',
    mode: 'files',
    lane: 'io',
    params: params(
      { path: { type: 'string', 'x-path': 'folder', 'x-files': ['**/*.{jpg,png}'], description: 'Folder.' } },
      ['path'],
    ),
    inputs: {},
    outputs: { images: port('image', 'item') },
  }),
  node({
    name: 'annotations/read',
    mode: 'scatter',
    lane: 'io',
    params: params({ path: { type: 'string', 'x-path': 'file', description: 'File.' } }, ['path']),
    inputs: {},
    outputs: { instances: port('instances', 'item') },
  }),
  node({
    name: 'hierarchy/read',
    mode: 'collection',
    lane: 'io',
    params: params({ path: { type: 'string', 'x-path': 'file', description: 'File.' } }, ['path']),
    inputs: {},
    outputs: { hierarchy: port('hierarchy', 'collection') },
  }),
  node({
    name: 'detect/propose',
    lane: 'gpu',
    runtimes: ['runtime'],
    params: params(
      {
        model: {
          type: 'string',
          'x-path': 'folder',
          'x-files': ['*.txt', '*.onnx'],
          'x-port': 'model',
          description: 'Model.',
        },
        scale: { type: 'integer', minimum: 1, description: 'Shorter side.' },
        flip: { enum: ['none', 'horizontal', 'vertical'], default: 'none', description: 'Mirror.' },
        threads: { type: 'integer', default: 1, 'x-key': false, description: 'Threads.' },
      },
      ['model'],
    ),
    inputs: { images: port('image', 'item'), model: { ...port('model', 'collection'), optional: true } },
    outputs: { features: port('features', 'item'), proposals: { ...port('proposals', 'item'), persist: 'auto' } },
    types: modelFacets,
  }),
  node({
    name: 'ensemble/proposals',
    params: params({
      iou: fraction(0.7),
      max: { type: 'integer', minimum: 1, default: 1000, description: 'Most.' },
      weights: { ...weights, 'x-weights-of': 'proposals', 'x-port': 'weights', default: {} },
    }),
    inputs: {
      proposals: { ...port('proposals', 'item'), many: 'folded' },
      weights: { ...port('weights', 'collection'), optional: true },
    },
    outputs: { proposals: port('proposals', 'item') },
  }),
  node({
    name: 'detect/boxes',
    lane: 'gpu',
    runtimes: ['runtime'],
    inputs: { features: port('features', 'item'), proposals: port('proposals', 'item') },
    outputs: { boxes: { ...port('boxes', 'item'), persist: 'auto' } },
    types: passClasses('features', 'boxes'),
  }),
  node({
    name: 'ensemble/boxes',
    params: params({ weights: { ...weights, 'x-weights-of': 'boxes' } }),
    inputs: { boxes: { ...port('boxes', 'item'), many: 'folded' } },
    outputs: { boxes: port('boxes', 'item') },
    types: passClasses('boxes', 'boxes'),
  }),
  node({
    name: 'boxes/nms',
    params: params({
      iou: fraction(0.5),
      score: fraction(0),
      max: { type: 'integer', minimum: 1, default: 100, description: 'Most.' },
      rule: { enum: ['greedy', 'soft'], default: 'greedy', description: 'Rule.' },
      class_agnostic: { type: 'boolean', default: false, description: 'Over all classes.' },
    }),
    inputs: { boxes: port('boxes', 'item') },
    outputs: { detections: port('detections', 'item') },
    types: passClasses('boxes', 'detections'),
  }),
  node({
    name: 'detect/masks',
    lane: 'gpu',
    runtimes: ['runtime'],
    inputs: { features: port('features', 'item'), detections: port('detections', 'item') },
    outputs: { masks: { ...port('roi-masks', 'item'), persist: 'auto' } },
    types: passClasses('features', 'masks'),
  }),
  node({
    name: 'ensemble/masks',
    params: params({ threshold: fraction(0.5), weights: { ...weights, 'x-weights-of': 'masks' } }),
    inputs: { masks: { ...port('roi-masks', 'item'), many: 'folded' }, detections: port('detections', 'item') },
    outputs: { instances: port('instances', 'item') },
    types: passClasses('detections', 'instances'),
  }),
  node({
    name: 'instances/concat',
    inputs: { instances: { ...port('instances', 'item'), many: 'ordered', mixedFacets: true } },
    outputs: { instances: port('instances', 'item') },
  }),
  node({
    name: 'instances/expand',
    inputs: { instances: port('instances', 'item'), hierarchy: port('hierarchy', 'collection') },
    outputs: { instances: port('instances', 'item') },
  }),
  node({
    name: 'boxes/unite',
    inputs: { boxes: { ...port('boxes', 'item'), many: 'folded', mixedFacets: true } },
    outputs: { boxes: port('boxes', 'item') },
  }),
  node({
    name: 'evaluate/count',
    mode: 'collection',
    params: params({
      names: { type: 'array', items: { type: 'string' }, default: [], description: 'Names.' },
      lists: { type: 'array', items: { type: 'string' }, 'x-path': 'file', description: 'Files.' },
    }),
    inputs: { values: { ...port('boxes', 'item'), kind: ['boxes', 'detections', 'instances'] } },
    outputs: { table: port('table', 'collection') },
  }),
  node({
    name: 'boxes/correct',
    inputs: { boxes: port('boxes', 'item'), table: port('table', 'collection') },
    outputs: { boxes: port('boxes', 'item') },
    types: passClasses('boxes', 'boxes'),
  }),
  node({
    name: 'images/measure',
    inputs: { images: port('image', 'item') },
    outputs: { table: port('table', 'item') },
  }),
  node({
    name: 'tables/show',
    inputs: { table: port('table', 'item') },
    outputs: { table: port('table', 'item') },
  }),
  node({
    name: 'images/type',
    mode: 'item',
    inputs: { images: port('image', 'item') },
    outputs: { type: port('label', 'item') },
    types: () => ({ type: { labels: ['astro', 'cort', 'shsy5y'] } }),
  }),
  node({
    name: 'weights/find',
    mode: 'collection',
    inputs: { images: port('image', 'item') },
    outputs: { weights: port('weights', 'collection') },
  }),
  node({
    name: 'models/train',
    mode: 'collection',
    params: params({ rate: fraction(0.5) }),
    inputs: { images: port('image', 'item') },
    outputs: { model: port('model', 'collection') },
    types: () => ({ model: { classes: ['apple', 'pear'] } }),
  }),
  node({
    name: 'images/sample',
    mode: 'collection',
    inputs: { images: port('image', 'item') },
    outputs: { selection: port('selection', 'collection') },
  }),
]

function kind(name: string, more: Partial<Kind> = {}): Kind {
  const missing = () => {
    throw new Error('internal: nothing is encoded in tests of compiling')
  }
  return { name, description: `Some ${name}.`, encode: missing, decode: missing, extension: 'json', ...more }
}

const classCount = ({ classes }: Facets) => `${Array.isArray(classes) ? classes.length : 0} classes`

const kinds: readonly Kind[] = [
  kind('image'),
  kind('features', { transient: true }),
  kind('proposals'),
  kind('boxes', { explainDifference: (a, b) => `${classCount(a)} against ${classCount(b)}` }),
  kind('detections'),
  kind('roi-masks'),
  kind('instances'),
  kind('hierarchy'),
  kind('table'),
  kind('weights'),
  kind('model'),
  kind('label', { choice: () => '', choices: ({ labels }) => labels as readonly string[] | undefined }),
  kind('selection', { ids: () => [] }),
]

export const smallRegistry: Registry = {
  url: 'test:small-registry',
  nodes: new Map(nodes.map(one => [one.name, one])),
  kinds: new Map(kinds.map(one => [one.name, one])),
  runtimes: new Map([['runtime', device => `runtime@1/${device}`]]),
}

/** Three pictures, models with two classes and one with another, a class tree. */
export const smallFiles: WorldFiles = {
  'data/images/a.jpg': 'picture a',
  'data/images/b.jpg': 'picture b',
  'data/images/sub/c.png': 'picture c',
  'data/notes/readme.md': 'no pictures here',
  'data/tree.json': '{}',
  'models/L1/classes.txt': 'apple pear',
  'models/L1/backbone.onnx': 'graph of L1',
  'models/L2/classes.txt': 'apple pear',
  'models/L2/backbone.onnx': 'graph of L2',
  'models/L3/classes.txt': 'apple pear',
  'models/L3/backbone.onnx': 'graph of L3',
  'models/P1/classes.txt': 'fruit',
  'models/P1/backbone.onnx': 'graph of P1',
  'models/broken/classes.txt': 'broken',
  '/elsewhere/images/x.jpg': 'picture x',
}
