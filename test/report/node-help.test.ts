import { describe, expect, it } from 'vitest'
import { defineNode, type NodeDefinition } from '../../engine/contract/node.ts'
import { nodeListLines, nodePageLines, paramType } from '../../engine/report/node-help.ts'

const nms: NodeDefinition = defineNode({
  name: 'boxes/nms',
  version: 2,
  description: 'Keeps the best of overlapping boxes. Class by class.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['score'],
    properties: {
      iou: { type: 'number', minimum: 0, maximum: 1, default: 0.5, description: 'Boxes over this IoU are dropped.' },
      score: { type: 'number', minimum: 0, description: 'Boxes below are dropped first.' },
      threads: { type: 'integer', description: 'How many.', 'x-key': false },
    },
  },
  inputs: {
    boxes: { description: 'Boxes of all models.', kind: 'boxes', per: 'item', many: 'folded' },
    mask: { description: 'Where to look.', kind: ['semantic', 'image'], per: 'item', optional: true },
  },
  outputs: { detections: { description: 'What is left.', kind: 'detections', per: 'item', persist: 'auto' } },
  example: 'best:\n  uses: boxes/nms\n  with: { score: 0 }\n',
  run: () => ({}),
})

describe('the page of a node', () => {
  it('holds everything needed to write the step', () => {
    expect(nodePageLines(nms)).toEqual([
      'boxes/nms  version 2',
      'Keeps the best of overlapping boxes. Class by class.',
      '',
      'Runs once per item, in lane cpu.',
      '',
      'in',
      '  boxes  boxes per item, many (over:)         Boxes of all models.',
      '  mask   semantic | image per item, optional  Where to look.',
      '',
      'with',
      '  name     type        default   meaning',
      '  iou      number 0…1  0.5       Boxes over this IoU are dropped.',
      '  score    number ≥ 0  required  Boxes below are dropped first.',
      '  threads  integer     optional  How many. (does not change the result)',
      '',
      'out',
      '  detections  detections per item, stored: auto  What is left.',
      '',
      'example',
      '  best:',
      '    uses: boxes/nms',
      '    with: { score: 0 }',
    ])
  })

  it('leaves empty sections out', () => {
    const bare = { ...nms, inputs: {}, params: { ...nms.params, properties: {} } }
    expect(nodePageLines(bare)).not.toContain('in')
    expect(nodePageLines(bare)).not.toContain('with')
  })
})

describe('the type of a parameter', () => {
  it.each([
    [{ enum: ['none', 'horizontal'] }, 'none | horizontal'],
    [{ 'x-path': 'folder', type: 'string' }, 'folder'],
    [{ 'x-weights-of': 'boxes', type: 'object' }, 'weights of boxes'],
    [{ type: 'array', items: { type: 'number', exclusiveMinimum: 0 } }, 'list of number > 0'],
    [{ type: 'array' }, 'list'],
    [{ oneOf: [{ type: 'number' }, { const: 'native' }] }, 'number | native'],
    [{ type: ['integer', 'null'], minimum: 1 }, 'integer | null ≥ 1'],
    [{ type: 'object' }, 'map'],
    [{}, 'any'],
  ] as const)('of %j is %s', (schema, text) => {
    expect(paramType({ description: '', ...schema })).toBe(text)
  })
})

describe('the list of nodes', () => {
  it('is sorted by family and tells the first sentence of each', () => {
    const named = (name: string) => ({ ...nms, name })
    expect(nodeListLines([named('masks/nms'), nms, named('boxes/clip')])).toEqual([
      'boxes',
      '  boxes/clip  Keeps the best of overlapping boxes.',
      '  boxes/nms   Keeps the best of overlapping boxes.',
      '',
      'masks',
      '  masks/nms   Keeps the best of overlapping boxes.',
    ])
  })
})
