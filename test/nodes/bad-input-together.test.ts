import { describe, expect, it } from 'vitest'
import type { NodeDefinition, Values } from '../../engine/contract/node.ts'
import { registry } from '../../nodes/index.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, collectionOf } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

/** Values that are good alone and do not fit together, at every node that reads instances. */

const good = boxInstances(
  [12, 10],
  [
    { box: [0, 0, 4, 4], score: 0.5 },
    { box: [5, 5, 9, 9], score: 0.5, label: 1 },
  ],
)
const otherFrame = boxInstances([10, 12], [{ box: [0, 0, 4, 4], score: 0.5 }])
const strangeLabel = { ...good, labels: Int32Array.of(0, 2) }
const image = {
  ...{ sha256: '0'.repeat(64), widthPx: 10, heightPx: 12, channels: 3, bitDepth: 8, format: 'png' },
  georeference: { crs: 'EPSG:4326', affine: [1, 0, 0, 0, -1, 0] },
}
const classes = classesOf('cat', 'dog')
const hierarchy = { ...classes, parents: [[], []] }

/** Everything a node with these instances may ask for; collection nodes get two items, `bad` last. */
function inputsOf(node: NodeDefinition, instances: Instances): Values {
  const items = { fine: good, odd: instances }
  const others: Values = {
    truth: collectionOf({ fine: good, odd: good }),
    images: collectionOf({ fine: image, odd: image }),
    image,
    hierarchy,
    shards: {
      columns: ['image', 'shard', 'shards', 'position'],
      rows: ['fine', 'odd'].map((id, position) => [id, 0, 1, position]),
    },
  }
  const port = node.inputs['instances']!
  const collects = node.mode === 'collection' || node.mode === 'scatter'
  const own = collects ? collectionOf(items) : instances
  const many = collects ? collectionOf({ fine: good, odd: good }) : good
  const given: [string, unknown][] = Object.keys(node.inputs).flatMap(name => {
    if (name === 'instances') return [[name, port.many === undefined ? own : [many, own]]]
    return name in others ? [[name, others[name]]] : []
  })
  return Object.fromEntries(given)
}

async function run(node: NodeDefinition, instances: Instances): Promise<Values> {
  const inputs = inputsOf(node, instances)
  const types = Object.fromEntries(
    Object.entries(inputs).map(([name, input]) => [name, Array.isArray(input) ? [classes, classes] : [classes]]),
  )
  const params = {
    emit: 'self-and-ancestors',
    captions: ['a', 'b'],
    order: 'row-major',
    classes: ['cat'],
    area_px: { cat: 1, dog: 2 },
    class_column: 'class',
    name: 'part{shard}',
    variants: [{ without: 'nothing' }, { without: 'L1' }],
  }
  const outputs = await runNode(node, inputs, withDefaults(node, params), {
    inputTypes: types,
    wanted: Object.keys(node.outputs),
  })
  // A node that makes items runs when somebody asks for them.
  if (Symbol.asyncIterator in outputs) for await (const _ of outputs as unknown as AsyncIterable<unknown>);
  return outputs
}

const nodesWith = (...ports: readonly string[]) =>
  [...registry.nodes.values()].filter(
    node => ports.every(port => port in node.inputs) && !Object.values(node.params.properties).some(p => p['x-path']),
  )

const comparing = nodesWith('instances', 'truth')
const joining = nodesWith('instances').filter(node => node.inputs['instances']!.many !== undefined)
const picturing = [...nodesWith('instances', 'images'), ...nodesWith('instances', 'image')]

const named = (nodes: readonly NodeDefinition[]) => nodes.map(node => [node.name, node] as const)

describe('instances of another frame', () => {
  it.each(named(comparing))('than the truth are refused with their item: %s', async (_name, node) => {
    await expect(run(node, otherFrame)).rejects.toThrow(
      'item odd: the predictions are in a frame of 10 × 12, the truth in one of 12 × 10',
    )
  })

  it.each(named(joining.filter(node => node.mode === 'item')))(
    'than the first source are refused with their input: %s',
    async (_name, node) => {
      await expect(run(node, otherFrame)).rejects.toThrow('instances of a 12 × 10 frame (input 1) cannot join')
    },
  )

  // The validator lists them, pictures are drawn without them.
  const refusing = picturing.filter(({ name }) => !name.startsWith('view/') && name !== 'annotations/validate')

  it.each(named(refusing))('than their picture are refused with their item: %s', async (_name, node) => {
    const said =
      node.mode === 'collection' || node.lane === 'io' ? 'odd' : /in a frame of 10 × 12, the image has 12 × 10/
    await expect(run(node, otherFrame)).rejects.toThrow(said)
  })
})

describe('a label outside the class list', () => {
  /** Nodes that pass labels on without looking them up, or look at something else. */
  const blind =
    /^masks\/(components|fill-holes|morphology|overlap-removal|to-label-map|refill-outlines|cut-to-picture)$|^dataset\/(mask-pictures|yolo-index)$/
  const looking = nodesWith('instances').filter(
    ({ name, runtimes }) => !blind.test(name) && !runtimes?.includes('sharp') && !name.startsWith('command/'),
  )

  it.each(named(looking))('is refused with its instance: %s', async (_name, node) => {
    await expect(run(node, strangeLabel)).rejects.toThrow(/labels\[1\] .*is 2/)
  })

  it('is looked for in more than a dozen nodes', () => {
    expect(looking.length).toBeGreaterThan(12)
    expect(comparing.length).toBeGreaterThanOrEqual(6)
  })
})
