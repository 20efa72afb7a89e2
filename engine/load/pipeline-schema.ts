import { definitions, type Schema, selected, stepSchema } from './step-schema.ts'

/*
 * JSON Schema (draft-07) of a pipeline file; `schemas/pipeline.schema.json` is its text, for editors. Closed everywhere
 * but under `with:`, whose keys belong to the node. `x-expected` is how messages name what is accepted.
 */

const parameter: Schema = {
  type: 'object',
  description: 'A value that is given with `--set`, a parameter file, or `with:` of the pipeline that uses this one.',
  additionalProperties: false,
  required: ['type'],
  properties: {
    type: {
      enum: ['string', 'number', 'integer', 'boolean', 'path', 'list', 'map'],
      description:
        'Type of the value. A path is relative to the file that contains it, with `--set` to the working directory.',
    },
    items: {
      enum: ['string', 'number', 'integer', 'boolean', 'path'],
      description: 'Type of the entries of a list or of the values of a map.',
    },
    default: { description: 'Value when none is given; without a default the parameter must be given.' },
    description: { type: 'string', description: 'Shown by `maskloom check` and in editors.' },
    minimum: { type: 'number', description: 'Smallest number allowed.' },
    maximum: { type: 'number', description: 'Largest number allowed.' },
    enum: { type: 'array', minItems: 1, description: 'The values that are allowed.' },
  },
}

const input: Schema = {
  type: 'object',
  description: 'Something that the pipeline using this one must feed.',
  additionalProperties: false,
  required: ['kind', 'per'],
  properties: {
    kind: { type: 'string', minLength: 1, description: 'Kind of value, such as `image` or `instances`.' },
    per: { enum: ['item', 'collection'], description: '`item`: one value for each image; `collection`: one for all.' },
    optional: {
      type: 'boolean',
      default: false,
      description: 'May be left out; it then feeds nothing, and only optional ports of nodes can take it.',
    },
  },
}

/** The whole schema around a given one for steps. */
export function pipelineSchemaWith(id: string, step: Schema): Schema {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    $id: id,
    title: 'Maskloom pipeline',
    description: 'Steps of an instance-segmentation ensemble and how values flow between them.',
    definitions,
    type: 'object',
    additionalProperties: false,
    required: ['maskloom', 'steps', 'outputs'],
    properties: {
      maskloom: {
        const: 1,
        description: 'Version of the pipeline language.',
        'x-expected': '`1`, the version of the pipeline language',
      },
      name: { $ref: '#/definitions/name', description: 'Default: the name of the file.' },
      description: { type: 'string', description: 'What the pipeline does, in a sentence.' },
      env: {
        type: 'array',
        uniqueItems: true,
        items: {
          type: 'string',
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
          'x-expected': 'the name of an environment variable',
        },
        description: 'Environment variables that the file may read as `${env.NAME}`.',
      },
      params: {
        type: 'object',
        description: 'Parameters of the pipeline.',
        propertyNames: { $ref: '#/definitions/name' },
        additionalProperties: parameter,
      },
      inputs: {
        type: 'object',
        description: 'Inputs of a pipeline that is used as a node.',
        propertyNames: { $ref: '#/definitions/name' },
        additionalProperties: input,
      },
      steps: {
        type: 'object',
        minProperties: 1,
        description: 'The steps, by id. Their order does not matter.',
        propertyNames: { $ref: '#/definitions/name' },
        additionalProperties: step,
      },
      outputs: {
        type: 'object',
        minProperties: 1,
        description: 'Output name to the port that is delivered under it.',
        propertyNames: { $ref: '#/definitions/name' },
        additionalProperties: {
          anyOf: [{ $ref: '#/definitions/source' }, selected],
          'x-expected': 'a step and its output port (`step.port`), or a map with `from`',
        },
      },
    },
  }
}

export const pipelineSchema: Schema = pipelineSchemaWith('pipeline.schema.json', stepSchema)
