import { describe, expect, it } from 'vitest'
import { defineNode, type NodeDefinition } from '../../engine/contract/node.ts'
import { keyProblems, nodeRules } from '../../engine/testing/node-rules.ts'
import { registry } from '../../nodes/index.ts'
import { nodeContract } from '../contract/node.ts'

for (const node of registry.nodes.values()) nodeContract(node, registry)

/** A node that keeps every rule, to be broken in one place. */
const sound = defineNode<object, object>({
  name: 'test/sound',
  version: 1,
  description: 'Does nothing.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['path'],
    properties: {
      path: { type: 'string', 'x-path': 'file', description: 'A file.' },
      iou: { type: 'number', minimum: 0, maximum: 1, default: 0.5, description: 'An overlap.' },
      colour: { type: 'string', 'x-key': false, description: 'A colour.' },
      weights: { type: 'object', 'x-weights-of': 'boxes', description: 'Weights.' },
    },
  },
  inputs: { boxes: { kind: 'boxes', per: 'item', many: 'folded', description: 'Boxes.' } },
  outputs: { detections: { kind: 'detections', per: 'item', description: 'Detections.' } },
  example: 'a: { uses: test/sound, with: { path: x }, over: [model], in: { boxes: b.boxes } }',
  run: () => ({}),
})

async function complaints(change: Partial<NodeDefinition>): Promise<readonly string[]> {
  const node = { ...sound, ...change }
  const nodes = new Map(registry.nodes).set(node.name, node)
  const found: string[] = []
  for (const rule of nodeRules) {
    try {
      found.push(...(await rule.problems(node, { ...registry, nodes })))
    } catch (error) {
      found.push(String(error))
    }
  }
  return found
}

function withParam(schema: { readonly [keyword: string]: unknown }): Partial<NodeDefinition> {
  const { properties, ...rest } = sound.params
  return { params: { ...rest, properties: { ...properties, extra: { description: 'More.', ...schema } } } }
}

describe('the contract of nodes', () => {
  it('has nothing to say against a sound node', async () => {
    expect(await complaints({})).toEqual([])
  })

  it.each<[string, Partial<NodeDefinition>, string]>([
    ['a name without family', { name: 'sound' }, 'name sound'],
    ['a version that is no number', { version: 1.5 }, 'version 1.5'],
    ['no description', { description: '' }, 'the node has no description'],
    ['a parameter without description', withParam({ type: 'boolean', description: '' }), 'parameter extra has no'],
    [
      'a parameter inside another without description',
      withParam({ type: 'object', properties: { deep: { type: 'number' } }, examples: [{}, { deep: 1 }] }),
      'parameter extra.deep has no description',
    ],
    ['an unknown keyword', withParam({ type: 'number', minumum: 1 }), 'unknown keyword: "minumum"'],
    ['a default out of range', withParam({ type: 'number', maximum: 1, default: 2 }), 'the default of extra is not'],
    [
      'a required parameter that is not there',
      { params: { ...sound.params, required: ['path', 'size'] } },
      'size is required and not there',
    ],
    [
      'an output of an unknown kind',
      { outputs: { sounds: { kind: 'sound', per: 'item', description: 'A sound.' } } },
      'no kind sound',
    ],
    ['an unknown runtime', { runtimes: ['python'] }, 'no runtime python'],
    [
      'an output that is never stored, of a node that makes items',
      { mode: 'scatter', outputs: { features: { kind: 'features', per: 'item', description: 'Features.' } } },
      'output features is never stored',
    ],
    [
      'children taken by a node that gathers nothing',
      { inputs: { ...sound.inputs, tiles: { kind: 'boxes', per: 'children', optional: true, description: 'Tiles.' } } },
      'only gather nodes take children',
    ],
    ['outputs of another dimension than its mode', { mode: 'collection' }, 'output detections is per item'],
    [
      'ports that look alike',
      { inputs: { ...sound.inputs, box_es: { kind: 'boxes', per: 'item', optional: true, description: 'Boxes.' } } },
      'inputs: boxes and box_es',
    ],
    ['a path that is a number', withParam({ type: 'number', 'x-path': 'file' }), 'extra has x-path and is no text'],
    ['weights of no port', withParam({ type: 'object', 'x-weights-of': 'masks' }), 'extra has x-weights-of masks'],
    ['an example of another node', { example: sound.example.replace('sound', 'other') }, 'the example uses test/other'],
    [
      'an example with an unknown parameter',
      { example: sound.example.replace('path', 'pth') },
      'additional properties',
    ],
    ['an example that leaves an input open', { example: 'a: { uses: test/sound, with: { path: x } }' }, 'boxes is not'],
  ])('catches %s', async (_what, change, complaint) => {
    expect(await complaints(change)).toContainEqual(expect.stringContaining(complaint))
  })

  it('catches keys that do not follow a parameter, and keys that follow one they should not', async () => {
    const same = await keyProblems(sound, registry, async () => 'one')
    expect(same).toContain('iou: 0.5 and 0 have one key')
    expect(same.filter(problem => problem.startsWith('colour'))).toEqual([])
    let made = 0
    const different = await keyProblems(sound, registry, async () => String(made++))
    expect(different).toEqual([
      'iou written as its default has another key than left out',
      'colour: "a" and "b" have different keys, and should not',
    ])
  })

  it('asks for examples where two values cannot be made up', async () => {
    const change = withParam({ type: 'string', pattern: '^[0-9]{8}$' })
    expect(await complaints(change)).toEqual([expect.stringContaining('no two values of extra could be made up')])
    const examples = withParam({ type: 'string', pattern: '^[0-9]{8}$', examples: ['12345678', '87654321'] })
    expect(await complaints(examples)).toEqual([])
  })
})
