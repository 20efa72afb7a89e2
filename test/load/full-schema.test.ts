import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { defineNode, type NodeDefinition } from '../../engine/contract/node.ts'
import { fullSchema, schemaFiles } from '../../engine/load/full-schema.ts'
import { pipelineSchema } from '../../engine/load/pipeline-schema.ts'
import { threeStage } from './three-stage.ts'

const nms: NodeDefinition = defineNode<{ iou: number }, object>({
  name: 'boxes/nms',
  version: 1,
  description: 'Keeps the best of overlapping boxes.',
  mode: 'item',
  lane: 'cpu',
  params: {
    type: 'object',
    additionalProperties: false,
    required: ['iou'],
    properties: {
      iou: { type: 'number', minimum: 0, maximum: 1, description: 'Overlap above which a box goes.' },
      rule: { enum: ['greedy', 'soft'], default: 'greedy', description: 'How.', 'x-key': false },
      sizes: { type: 'array', items: { type: 'integer' }, description: 'Sizes.' },
    },
  },
  inputs: { boxes: { description: 'The boxes.', kind: 'boxes', per: 'item' } },
  outputs: { detections: { description: 'What is left.', kind: 'detections', per: 'item' } },
  example: '',
  run: () => ({}),
})

const full = fullSchema({ nodes: new Map([[nms.name, nms]]) })
const ajv = new Ajv({ allErrors: true, strict: false })
const validateFull = ajv.compile(full)

function accepts(step: string): boolean {
  return validateFull(parse(`maskloom: 1\nsteps: { a: { ${step} } }\noutputs: { out: a.detections }\n`))
}

test('both schemas are valid by the schema of schemas', () => {
  expect(ajv.validateSchema(full)).toBe(true)
  expect(ajv.validateSchema(pipelineSchema)).toBe(true)
})

test('the pipeline schema accepts a pipeline with every part of the language, as any validator reads it', () => {
  const validate = new Ajv({ strict: false }).compile(pipelineSchema)
  expect(validate(parse(threeStage, { merge: true }))).toBe(true)
})

test('with the parameters and ports of its node a step is accepted, references included', () => {
  expect(accepts('uses: boxes/nms, with: { iou: 0.5 }, in: { boxes: b.boxes }')).toBe(true)
  const references = 'iou: "${params.iou}", rule: "${params.rule}", sizes: ["${params.size}", 3]'
  expect(accepts(`uses: boxes/nms, with: { ${references} }, in: { boxes: b.boxes }`)).toBe(true)
  expect(accepts('uses: ./other.yaml, with: { anything: 1 }, in: { images: b.images }')).toBe(true)
})

test('what the node does not know is refused', () => {
  expect(accepts('uses: boxes/nsm, with: { iou: 0.5 }, in: { boxes: b.boxes }')).toBe(false)
  expect(accepts('uses: boxes/nms, with: { iuo: 0.5 }, in: { boxes: b.boxes }')).toBe(false)
  expect(accepts('uses: boxes/nms, with: { iou: 2 }, in: { boxes: b.boxes }')).toBe(false)
  expect(accepts('uses: boxes/nms, in: { boxes: b.boxes }')).toBe(false)
  expect(accepts('uses: boxes/nms, with: { iou: 0.5 }')).toBe(false)
  expect(accepts('uses: boxes/nms, with: { iou: 0.5 }, in: { boxs: b.boxes }')).toBe(false)
  expect(accepts('uses: boxes/nms, with: { iou: 0.5 }, in: { boxes: b.boxes }, store: { boxes: auto }')).toBe(false)
})

test('every property of the pipeline schema is described, so that editors have something to show', () => {
  const undescribed: string[] = []
  function visit(schema: unknown, path: string): void {
    if (schema === null || typeof schema !== 'object') return
    for (const [key, value] of Object.entries(schema)) {
      if (key === 'properties') {
        for (const [name, property] of Object.entries(
          value as { [name: string]: { description?: string; $ref?: string } },
        )) {
          const described = property.description !== undefined || property.$ref !== undefined
          if (!described) undescribed.push(`${path}/${name}`)
        }
      }
      visit(value, `${path}/${key}`)
    }
  }
  visit(pipelineSchema, '')
  expect(undescribed).toEqual([])
})

test('the files have the paths below the schema folder and end with a line end', () => {
  const files = schemaFiles({ nodes: new Map() })
  expect([...files.keys()].sort()).toEqual([
    'config.schema.json',
    'generated/pipeline.full.json',
    'pipeline.schema.json',
  ])
  for (const text of files.values()) expect(text.endsWith('}\n')).toBe(true)
})
