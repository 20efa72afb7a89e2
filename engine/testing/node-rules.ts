import { Ajv } from 'ajv'
import { parse } from 'yaml'
import type { Json } from '../base/canonical.ts'
import { validateAgainst } from '../base/json-schema.ts'
import type { NodeDefinition, ParamSchema } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import { fullSchema } from '../load/full-schema.ts'
import { samplesOf } from './schema-samples.ts'
import { recipeOf, samplePipelines } from './stub-pipeline.ts'

/** What is wrong with a node by one rule of the contract; nothing if it keeps it. */
export interface NodeRule {
  readonly title: string
  readonly problems: (node: NodeDefinition, registry: Registry) => readonly string[] | Promise<readonly string[]>
}

type Schema = { readonly [keyword: string]: Json }

/** The rules, one test each; a registry that has the node knows its kinds and runtimes. */
export const nodeRules: readonly NodeRule[] = [
  {
    title: 'is named family/name and has a version that can be counted up',
    problems: ({ name, version }) => [
      ...complain(!/^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/.test(name), `name ${name}`),
      ...complain(!Number.isInteger(version) || version < 1, `version ${version}`),
    ],
  },
  {
    title: 'describes itself, its ports and its parameters in sentences',
    problems: node => [
      ...undescribed('the node', node),
      ...Object.entries(node.inputs).flatMap(([name, port]) => undescribed(`input ${name}`, port)),
      ...Object.entries(node.outputs).flatMap(([name, port]) => undescribed(`output ${name}`, port)),
      ...propertiesIn(node.params as unknown as Schema).flatMap(([name, schema]) =>
        undescribed(`parameter ${name}`, schema),
      ),
    ],
  },
  {
    title: 'has a schema of parameters that ajv compiles in strict mode, closed at the top',
    problems: node => {
      const { params } = node
      const closed = params.type === 'object' && params.additionalProperties === false
      try {
        strictAjv(params as unknown as Schema).compile(params)
      } catch (error) {
        return [String(error)]
      }
      return complain(!closed, 'unknown parameters are let through')
    },
  },
  {
    title: 'requires only parameters it has, none with a default, and accepts its own defaults',
    problems: ({ params }) => {
      const entries = Object.entries(params.properties)
      return [
        ...(params.required ?? []).flatMap(name => [
          ...complain(params.properties[name] === undefined, `${name} is required and not there`),
          ...complain('default' in (params.properties[name] ?? {}), `${name} is required and has a default`),
        ]),
        ...entries
          .filter(([, schema]) => 'default' in schema)
          .filter(([, schema]) => !accepts(schema, schema['default'] as Json))
          .map(([name]) => `the default of ${name} is not allowed`),
      ]
    },
  },
  {
    title: 'declares batches, if at all, of two items or more, and together with how to run them',
    problems: ({ batch, runBatch, mode }) => [
      ...complain((batch === undefined) !== (runBatch === undefined), 'one of batch and runBatch is missing'),
      ...complain(batch !== undefined && mode !== 'item', `a node of mode ${mode} is not run for each item`),
      ...complain(batch !== undefined && !(Number.isInteger(batch.max) && batch.max >= 2), `batch.max ${batch?.max}`),
    ],
  },
  {
    title: 'has ports that fit how it runs, of kinds and with runtimes that the registry has',
    problems: (node, registry) => {
      const perItem = node.mode !== 'collection'
      const kinds = [
        ...Object.values(node.inputs).flatMap(port => port.kind),
        ...Object.values(node.outputs).map(port => port.kind),
      ]
      return [
        ...kinds.filter(kind => !registry.kinds.has(kind)).map(kind => `no kind ${kind}`),
        ...(node.runtimes ?? []).filter(name => !registry.runtimes.has(name)).map(name => `no runtime ${name}`),
        ...Object.entries(node.outputs)
          .filter(([, { per }]) => (per === 'item') !== perItem)
          .map(([name, { per }]) => `output ${name} is per ${per} of a node that runs as ${node.mode}`),
        ...Object.entries(node.outputs)
          .filter(([, { kind }]) => node.mode !== 'item' && registry.kinds.get(kind)?.transient)
          .map(([name]) => `output ${name} is never stored, which only a node that runs per item can afford`),
        ...complain(node.mode !== 'gather' && hasChildren(node), 'only gather nodes take children'),
        ...Object.entries(node.inputs)
          .filter(([, { as, per }]) => as !== undefined && per !== 'collection')
          .map(([name, { per }]) => `input ${name} is taken as a file, per ${per}`),
        ...complain(Object.keys(node.outputs).length === 0, 'it has no outputs'),
        ...complain(node.mode === 'files' && Object.keys(node.inputs).length > 0, 'a files node takes no inputs'),
        ...complain(node.partial !== undefined && perItem, 'only collection nodes can take partial collections'),
        ...complain(node.lane === 'gpu' && node.mode !== 'item', 'inference runs per item'),
      ]
    },
  },
  {
    title: 'has names of ports that cannot be taken for each other',
    problems: node => [...lookalikes('inputs', node.inputs), ...lookalikes('outputs', node.outputs)],
  },
  {
    title: 'uses the extension keywords of parameters as they are meant',
    problems: node => {
      const entries = Object.entries(node.params.properties)
      const folders = entries.filter(([, schema]) => schema['x-path'] === 'folder')
      return [
        ...entries.flatMap(([name, schema]) => misusedKeywords(name, schema, node)),
        ...complain(
          node.mode === 'files' && folders.length !== 1,
          `a files node has one folder parameter, not ${folders.length}`,
        ),
      ]
    },
  },
  {
    title: 'shows an example that an editor accepts and that feeds every input it needs',
    problems: (node, registry) => exampleProblems(node, registry),
  },
  {
    title: 'has a key that follows every parameter but those marked as no part of it',
    problems: (node, registry) => keyProblems(node, registry, recipeOf),
  },
]

/** Pairs of parameters whose recipes are equal and should not be, or the reverse. */
export async function keyProblems(
  node: NodeDefinition,
  registry: Registry,
  recipe: typeof recipeOf,
): Promise<readonly string[]> {
  const problems: string[] = []
  const base = requiredSamples(node)
  const plain = await recipe(node, registry, base)
  for (const [name, schema] of Object.entries(node.params.properties)) {
    if (schema['x-coordinates-of'] !== undefined) continue
    const [first, second] = keySamples(node, name, schema)
    if (first === undefined || second === undefined) {
      problems.push(`no two values of ${name} could be made up; give it \`examples\``)
      continue
    }
    const a = await recipe(node, registry, { ...base, [name]: first })
    const b = await recipe(node, registry, { ...base, [name]: second })
    const keyed = schema['x-key'] !== false && !(node.mode === 'files' && schema['x-path'] === 'folder')
    const shown = `${name}: ${JSON.stringify(first)} and ${JSON.stringify(second)}`
    if (keyed && a === b) problems.push(`${shown} have one key`)
    if (!keyed && a !== b) problems.push(`${shown} have different keys, and should not`)
    if (!('default' in schema)) continue
    const written = await recipe(node, registry, { ...base, [name]: schema['default'] as Json })
    if (written !== plain) problems.push(`${name} written as its default has another key than left out`)
  }
  return problems
}

function accepts(schema: ParamSchema, value: Json): boolean {
  return validateAgainst({ properties: { value: schema } }, { value }).problems.length === 0
}

function complain(wrong: boolean, message: string): readonly string[] {
  return wrong ? [message] : []
}

function hasChildren({ inputs }: NodeDefinition): boolean {
  return Object.values(inputs).some(port => port.per === 'children')
}

function undescribed(what: string, { description }: { readonly description?: unknown }): readonly string[] {
  const described = typeof description === 'string' && /^\S.*[.:)!…]$/s.test(description)
  return complain(!described, `${what} has no description that is a sentence: ${String(description)}`)
}

/** Every property of a schema, at any depth, by its dotted name. */
function propertiesIn(schema: Schema, prefix = ''): readonly (readonly [string, Schema])[] {
  const own = Object.entries((schema['properties'] ?? {}) as { readonly [name: string]: Schema })
  const nested = [schema['items'], schema['additionalProperties'], ...((schema['anyOf'] ?? []) as readonly Json[])]
  return [
    ...own.flatMap(([name, inner]) => [[prefix + name, inner] as const, ...propertiesIn(inner, `${prefix}${name}.`)]),
    ...nested
      .filter((inner): inner is Schema => typeof inner === 'object' && inner !== null && !Array.isArray(inner))
      .flatMap(inner => propertiesIn(inner, prefix)),
  ]
}

function strictAjv(schema: Schema): Ajv {
  const ajv = new Ajv({ strict: true, strictTypes: false, allowUnionTypes: true })
  const used = new Set(propertiesIn(schema).flatMap(([, inner]) => Object.keys(inner)))
  for (const keyword of [
    'x-path',
    'x-files',
    'x-key',
    'x-weights-of',
    'x-port',
    'x-coordinates-of',
    'x-pipeline',
    'x-params-of',
    'x-expected',
  ]) {
    if (used.has(keyword)) ajv.addKeyword(keyword)
  }
  return ajv
}

/** Names that differ in nothing a person would remember: case, separators, a plural. */
function lookalikes(what: string, ports: { readonly [name: string]: unknown }): readonly string[] {
  const seen = new Map<string, string>()
  return Object.keys(ports).flatMap(name => {
    const plain = name.toLowerCase().replace(/[_-]/g, '').replace(/s$/, '')
    const earlier = seen.get(plain)
    seen.set(plain, name)
    return [
      ...complain(!/^[a-z][a-z0-9_]*$/.test(name), `${what}: ${name} is no name`),
      ...complain(earlier !== undefined, `${what}: ${earlier} and ${name}`),
    ]
  })
}

function misusedKeywords(name: string, schema: ParamSchema, node: NodeDefinition): readonly string[] {
  const path = schema['x-path']
  const port = schema['x-weights-of']
  const instead = schema['x-port']
  const pipeline = schema['x-params-of']
  const folded = schema['x-coordinates-of']
  const text = schema['type'] === 'string' || isTexts('array', 'items', schema) || isTextMap(schema)
  return [
    ...complain(path !== undefined && path !== 'file' && path !== 'folder', `${name}: x-path: ${path}`),
    ...complain(path !== undefined && !text, `${name} has x-path and is no text, list of texts or map of texts`),
    ...complain(schema['x-files'] !== undefined && path !== 'folder', `${name} has x-files without x-path: folder`),
    ...complain(schema['x-key'] !== undefined && schema['x-key'] !== false, `${name}: x-key can only be false`),
    ...complain(
      port !== undefined && node.inputs[port]?.many !== 'folded',
      `${name} has x-weights-of ${port}, which is no folded input`,
    ),
    ...complain(
      instead !== undefined && node.inputs[instead]?.optional !== true,
      `${name} has x-port ${instead}, which is no optional input`,
    ),
    ...complain(
      schema['x-pipeline'] !== undefined && schema['type'] !== 'string',
      `${name} has x-pipeline and is no text`,
    ),
    ...complain(
      schema['x-pipeline'] !== undefined && node.mode !== 'collection',
      `${name} has x-pipeline, and the node does not run on collections`,
    ),
    ...complain(
      pipeline !== undefined && node.params.properties[pipeline]?.['x-pipeline'] !== true,
      `${name} has x-params-of ${pipeline}, which is no pipeline`,
    ),
    ...complain(
      folded !== undefined && node.inputs[folded]?.many !== 'folded',
      `${name} has x-coordinates-of ${folded}, which is no folded input`,
    ),
  ]
}

function isTexts(type: string, entries: string, schema: ParamSchema): boolean {
  return schema['type'] === type && (schema[entries] as Schema | undefined)?.['type'] === 'string'
}

function isTextMap(schema: ParamSchema): boolean {
  return isTexts('object', 'additionalProperties', schema)
}

function exampleProblems(node: NodeDefinition, registry: Registry): readonly string[] {
  let steps: { readonly [id: string]: { readonly [key: string]: Json } }
  try {
    steps = parse(node.example) as typeof steps
  } catch (error) {
    return [String(error)]
  }
  const [id, step] = Object.entries(steps ?? {})[0] ?? []
  if (id === undefined || step === undefined) return ['the example has no step']
  const output = Object.keys(node.outputs)[0] ?? 'none'
  const pipeline = { maskloom: 1, steps, outputs: { out: `${id}.${output}` } }
  const validate = new Ajv({ strict: false, allErrors: true }).compile(
    fullSchema({ nodes: new Map([[node.name, node]]) }),
  )
  const fits = validate(pipeline)
  const bound = Object.keys((step['in'] ?? {}) as object)
  const open = Object.values(node.params.properties).some(schema => schema['x-pipeline'])
  const needed = Object.entries(node.inputs).filter(([, port]) => port.optional === undefined)
  return [
    ...complain(step['uses'] !== node.name, `the example uses ${String(step['uses'])}`),
    ...(fits ? [] : (validate.errors ?? []).map(error => `${error.instancePath} ${error.message}`)),
    ...needed.filter(([port]) => !bound.includes(port)).map(([port]) => `input ${port} is not fed`),
    ...bound.filter(port => !open && node.inputs[port] === undefined).map(port => `there is no input ${port}`),
    ...complain(!registry.nodes.has(node.name), 'the registry does not have the node'),
  ]
}

function requiredSamples(node: NodeDefinition): { readonly [name: string]: Json } {
  return Object.fromEntries(
    (node.params.required ?? [])
      .filter(name => node.params.properties[name] !== undefined)
      .map(name => [name, keySamples(node, name, node.params.properties[name] as ParamSchema)[0] as Json]),
  )
}

/** Two values to compare keys of. */
function keySamples(node: NodeDefinition, name: string, schema: ParamSchema): readonly Json[] {
  if (schema['x-params-of'] !== undefined) return [{ level: 1 }, { level: 2 }]
  if (schema['x-pipeline'] !== undefined) return samplePipelines
  if (schema['x-weights-of'] !== undefined) return [{ view: { a: 2 } }, { view: { a: 3 } }]
  if (schema['x-path'] !== undefined) {
    const paths = [`${node.mode}-${name}-a`, `${node.mode}-${name}-b`]
    return paths.map(path => (isTexts('array', 'items', schema) ? [path] : isTextMap(schema) ? { name: path } : path))
  }
  return samplesOf(schema)
}
