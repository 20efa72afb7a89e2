import type { Json } from '../base/canonical.ts'
import { compareText } from '../base/diagnostic.ts'
import type { InputPort, NodeDefinition, ParamsSchema } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import { configSchema } from './config-file.ts'
import { jsonText } from './json-text.ts'
import { pipelineSchema, pipelineSchemaWith } from './pipeline-schema.ts'
import { type Schema, stepSchema } from './step-schema.ts'

/**
 * The pipeline schema together with what each node allows under `with:`, `in:` and `store:`, for editors (draft-07). A
 * reference may stand wherever a node expects a value; the engine checks the value behind it.
 */
export function fullSchema(registry: Pick<Registry, 'nodes'>): Schema {
  const nodes = [...registry.nodes.values()].sort((a, b) => compareText(a.name, b.name))
  const properties = stepSchema['properties'] as { readonly [name: string]: Schema }
  const step: Schema = {
    ...stepSchema,
    properties: { ...properties, uses: usesSchema(nodes, properties['uses'] as Schema) },
    allOf: nodes.map(nodeRule),
  }
  return pipelineSchemaWith('pipeline.full.json', step)
}

/** Path below the schema folder → text of the file; what `maskloom schema --write` writes. */
export function schemaFiles(registry: Pick<Registry, 'nodes'>): ReadonlyMap<string, string> {
  return new Map([
    ['pipeline.schema.json', jsonText(pipelineSchema)],
    ['config.schema.json', jsonText(configSchema)],
    ['generated/pipeline.full.json', jsonText(fullSchema(registry))],
  ])
}

function usesSchema(nodes: readonly NodeDefinition[], general: Schema): Schema {
  const known = nodes.map(({ name, description }) => ({ const: name, description }))
  return {
    description: general['description'] ?? '',
    anyOf: [...known, { type: 'string', pattern: '^[./]|\\.ya?ml$' }],
  }
}

function nodeRule(node: NodeDefinition): Schema {
  const needed = (node.params.required ?? []).filter(name => node.params.properties[name]?.['x-port'] === undefined)
  const required = [
    ...(needed.length > 0 ? ['with'] : []),
    ...(Object.values(node.inputs).some(isRequired) ? ['in'] : []),
  ]
  return {
    if: { properties: { uses: { const: node.name } }, required: ['uses'] },
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    then: {
      ...(required.length === 0 ? {} : { required }),
      properties: {
        with: withReferences(editorParams(node.params, needed), false),
        in: ports(
          node.inputs,
          Object.entries(node.inputs)
            .filter(([, port]) => isRequired(port))
            .map(([name]) => name),
          // The inputs of a pipeline in a parameter are ports, too.
          Object.values(node.params.properties).some(schema => schema['x-pipeline']),
        ),
        store: ports(node.outputs, []),
      },
    },
  }
}

/** What a port may bring instead is not required; what the engine fills in is not there. */
function editorParams(params: ParamsSchema, needed: readonly string[]): Schema {
  const written = Object.entries(params.properties).filter(([, schema]) => schema['x-coordinates-of'] === undefined)
  const properties = Object.fromEntries(written)
  return { ...params, properties, ...(params.required === undefined ? {} : { required: needed }) } as unknown as Schema
}

function isRequired(port: InputPort): boolean {
  return port.optional !== true
}

/** Closed over the names of ports; what may stand behind them the general step schema says. */
function ports(
  named: { readonly [port: string]: { readonly description: string } },
  required: readonly string[],
  open = false,
): Schema {
  const properties = Object.entries(named).map(([name, { description }]) => [name, { description }] as const)
  return {
    ...(required.length === 0 ? {} : { required }),
    properties: Object.fromEntries(properties),
    ...(open ? {} : { additionalProperties: false }),
  }
}

/**
 * A node's schema in which every value may also be a reference (`wrap`: this one, too). The engine's own `x-…` keywords
 * mean nothing to editors and are left out.
 */
function withReferences(schema: Schema, wrap: boolean): Schema {
  const open: { [keyword: string]: Json } = {}
  for (const [keyword, value] of Object.entries(schema)) {
    if (!keyword.startsWith('x-')) open[keyword] = withReferencesBelow(keyword, value)
  }
  if (!wrap) return open
  const { description, default: fallback, ...rest } = open
  return {
    ...(description === undefined ? {} : { description }),
    ...(fallback === undefined ? {} : { default: fallback }),
    anyOf: [rest, { $ref: '#/definitions/reference' }],
  }
}

function withReferencesBelow(keyword: string, value: Json): Json {
  if (keyword === 'properties' || keyword === 'patternProperties') {
    const entries = Object.entries(value as { readonly [name: string]: Schema })
    return Object.fromEntries(entries.map(([name, schema]) => [name, withReferences(schema, true)]))
  }
  if (keyword === 'items' || keyword === 'additionalProperties') {
    if (Array.isArray(value)) return value.map(schema => withReferences(schema as Schema, true))
    return value !== null && typeof value === 'object' ? withReferences(value as Schema, true) : value
  }
  if (keyword === 'anyOf' || keyword === 'oneOf' || keyword === 'allOf') {
    return (value as readonly Schema[]).map(schema => withReferences(schema, false))
  }
  return value
}
