import type { Json } from '../base/canonical.ts'

export type Schema = { readonly [keyword: string]: Json }

const nameWords = 'a name of lower-case letters, digits, `_` and `-` that starts with a letter'
const portWords = 'a step and its output port (`step.port`) or the name of an input'
const referenceWords = 'a reference such as "${params.models}"'
const entriesWords = `a list of values, or ${referenceWords}`

/** Shared parts, used through `$ref`. */
export const definitions: { readonly [name: string]: Schema } = {
  name: { type: 'string', pattern: '^[a-z][a-z0-9_-]*$', 'x-expected': nameWords },
  source: {
    type: 'string',
    pattern: '^[a-z][a-z0-9_-]*(\\.[a-z][a-z0-9_-]*)?$',
    description: 'An output port of a step, `step.port`, or one of the inputs of this file.',
    'x-expected': portWords,
  },
  reference: { type: 'string', pattern: '^\\$\\{[^{}]*\\}$', 'x-expected': referenceWords },
  ids: {
    description: 'The id of a coordinate, or a list of ids.',
    'x-expected': 'an id or a list of ids (references are not resolved here)',
    anyOf: [{ $ref: '#/definitions/id' }, { type: 'array', minItems: 1, items: { $ref: '#/definitions/id' } }],
  },
  id: {
    type: ['string', 'number', 'boolean'],
    pattern: '^(?!.*\\$\\{)',
    'x-expected': 'an id (references are not resolved here)',
  },
  condition: {
    type: 'object',
    description: 'Axis to ids: keeps the cells whose coordinate on each of these axes is one of the ids.',
    propertyNames: { $ref: '#/definitions/name' },
    minProperties: 1,
    additionalProperties: { $ref: '#/definitions/ids' },
  },
  entry: {
    description:
      'A value of an axis: a scalar, or a map with an `id` whose other fields are read as `${matrix.axis.field}`.',
    'x-expected': 'a scalar, or a map with an `id`',
    anyOf: [
      { type: ['string', 'number', 'boolean'] },
      {
        type: 'object',
        required: ['id'],
        properties: {
          id: {
            type: ['string', 'number'],
            minLength: 1,
            description: 'Identity of the value among those of its axis.',
          },
        },
      },
    ],
  },
  entries: {
    description: 'The values of an axis. Their order does not matter; no two may have the same id.',
    'x-expected': entriesWords,
    anyOf: [
      { $ref: '#/definitions/reference', 'x-expected': entriesWords },
      { type: 'array', minItems: 1, items: { $ref: '#/definitions/entry' } },
    ],
  },
}

export const selected: Schema = {
  type: 'object',
  description: 'A source of which only some cells are taken.',
  additionalProperties: false,
  required: ['from'],
  properties: {
    from: { $ref: '#/definitions/source' },
    where: { $ref: '#/definitions/condition' },
  },
}

const binding: Schema = {
  description: 'Where a port gets its value: a source, a source with conditions, or a list of them (the order counts).',
  'x-expected': `${portWords}, a map with \`from\`, or a list of them`,
  anyOf: [
    { $ref: '#/definitions/source' },
    selected,
    {
      type: 'array',
      minItems: 1,
      items: {
        anyOf: [{ $ref: '#/definitions/source' }, selected],
        'x-expected': `${portWords}, or a map with \`from\``,
      },
    },
  ],
}

const rows: Schema = {
  type: 'object',
  additionalProperties: false,
  required: ['rows'],
  properties: {
    rows: {
      $ref: '#/definitions/entries',
      description: 'The values of the one axis `row`, for ensembles that are no product.',
    },
  },
}

const product: Schema = {
  type: 'object',
  minProperties: 1,
  propertyNames: { $ref: '#/definitions/name' },
  properties: {
    where: {
      description: 'Cells to keep. Of several conditions all must hold.',
      'x-expected': 'a map from axis to ids, or a list of such maps',
      anyOf: [
        { $ref: '#/definitions/condition' },
        { type: 'array', minItems: 1, items: { $ref: '#/definitions/condition' } },
      ],
    },
    add: {
      type: 'array',
      minItems: 1,
      description: 'Further cells, each with a value for every axis.',
      items: {
        type: 'object',
        propertyNames: { $ref: '#/definitions/name' },
        additionalProperties: { $ref: '#/definitions/entry' },
      },
    },
  },
  additionalProperties: { $ref: '#/definitions/entries' },
}

const matrix: Schema = {
  type: ['string', 'object'],
  description:
    'The axes of the step: a list of values per axis (a cell for each combination), `rows:` for single combinations, or the name of a step with the same cells.',
  'x-expected': 'a map of axes, or the name of a step',
  if: { type: 'string' },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { $ref: '#/definitions/name' },
  else: {
    if: { type: 'object', required: ['rows'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: rows,
    else: product,
  },
}

const items: Schema = {
  description: 'Runs the step on a part of the items: those in a selection, or those whose value equals something.',
  'x-expected': '`step.port` of a selection, or a map with `from` and `equals`',
  anyOf: [
    { $ref: '#/definitions/source' },
    {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'equals'],
      properties: {
        from: { $ref: '#/definitions/source' },
        equals: { type: ['string', 'number', 'boolean'], description: 'The value an item must have.' },
      },
    },
  ],
}

const durationWords = 'seconds as a number, or a duration such as `500ms`, `30s`, `5m` or `2h`'

const tolerance: { readonly [key: string]: Schema } = {
  retries: {
    type: 'integer',
    minimum: 0,
    maximum: 100,
    default: 0,
    description: 'How often a task that failed is tried again before its item counts as failed.',
  },
  timeout: {
    type: ['number', 'string'],
    exclusiveMinimum: 0,
    maximum: 604800,
    pattern: '^(?=.*[1-9])\\d{1,9}(\\.\\d{1,9})?(ms|s|m|h)$',
    description:
      'Longest time for one try of a task, in seconds or as `30s`, `5m`, `2h`. A try that takes longer has failed.',
    'x-expected': durationWords,
  },
  max_failures: {
    type: 'integer',
    minimum: 0,
    default: 0,
    description: 'How many items of this step may fail before the run stops.',
  },
}

/** The parts of a step; `full-schema.ts` adds what each node allows. */
export const stepSchema: Schema = {
  type: 'object',
  description: 'One use of a node, or of another pipeline.',
  additionalProperties: false,
  required: ['uses'],
  properties: {
    uses: {
      type: 'string',
      minLength: 1,
      pattern: '^(?!.*\\$\\{)',
      description: 'A node (`boxes/nms`), or the path of a pipeline file relative to this one (`./three-stage.yaml`).',
      'x-expected': 'the name of a node or the path of a pipeline file',
    },
    with: {
      type: 'object',
      description: 'Parameters of the node. `${params.x}`, `${matrix.x}` and `${env.X}` are replaced by their values.',
    },
    in: {
      type: 'object',
      description: 'Input port to its source.',
      propertyNames: { $ref: '#/definitions/name' },
      additionalProperties: binding,
    },
    matrix,
    over: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { $ref: '#/definitions/name' },
      description: 'Axes of the inputs that this step folds into one value.',
    },
    items,
    join: {
      enum: ['exact', 'inner', 'left', 'outer'],
      default: 'exact',
      description:
        'How per-item inputs with different items meet: `exact` (an error, the default), `inner` (items that all have), `left` (items of the first), `outer` (items of any; a list of inputs may then lack some).',
    },
    store: {
      type: 'object',
      description: 'Output port to what is kept: `always`, `auto` (as the budget allows) or `never`.',
      propertyNames: { $ref: '#/definitions/name' },
      additionalProperties: { enum: ['always', 'auto', 'never'] },
    },
    ...tolerance,
  },
}
