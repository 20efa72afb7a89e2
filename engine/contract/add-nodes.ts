import { TaskError } from '../base/diagnostic.ts'
import { alternatives, describeValue } from '../base/words.ts'
import type { Kind } from './kind.ts'
import type { NodeDefinition } from './node.ts'
import type { AddedModule, Registry } from './registry.ts'

/**
 * A registry with the nodes, kinds and runtimes that a module exports.
 * @param exported - the module's namespace object.
 * @throws TaskError `bad-nodes` for exports that are no nodes, names that are taken, kinds nobody knows.
 */
export function addNodes(
  base: Registry,
  module: AddedModule,
  exported: { readonly [name: string]: unknown },
): Registry {
  const problem = (message: string, fix?: string) =>
    new TaskError({ code: 'bad-nodes', message: `${module.name}: ${message}`, ...(fix && { fix }) })
  const nodes = new Map(base.nodes)
  const kinds = new Map(base.kinds)
  const runtimes = new Map(base.runtimes)
  for (const [i, kind] of listOf<Kind>('kinds', exported['kinds'] ?? [], problem).entries()) {
    const wrong = misshapen(kind, kindShape)
    if (wrong !== undefined) throw problem(`kind ${i + 1} of \`kinds\`: ${wrong}`)
    if (kinds.has(kind.name)) throw problem(`there is already a kind \`${kind.name}\``, 'give it another name')
    kinds.set(kind.name, kind)
  }
  for (const [name, runtime] of Object.entries((exported['runtimes'] ?? {}) as object)) {
    if (typeof runtime !== 'function')
      throw problem(`runtime \`${name}\`: expected a function, found ${describeValue(runtime)}`)
    if (runtimes.has(name)) throw problem(`there is already a runtime \`${name}\``, 'give it another name')
    runtimes.set(name, runtime as (device: string) => string)
  }
  if (exported['nodes'] === undefined)
    throw problem('it has no export `nodes`', 'export a list: `export const nodes = [defineNode({ … })]`')
  for (const [i, node] of listOf<NodeDefinition>('nodes', exported['nodes'], problem).entries()) {
    const wrong = misshapen(node, nodeShape) ?? unknownNames(node, kinds, runtimes)
    if (wrong !== undefined) throw problem(`node ${i + 1} of \`nodes\`${nameOf(node)}: ${wrong}`)
    if (nodes.has(node.name)) {
      throw problem(`there is already a node \`${node.name}\``, 'give it another name; nothing can be replaced')
    }
    nodes.set(node.name, node)
  }
  const added = { ...module, nodes: [...nodes.keys()].filter(name => !base.nodes.has(name)) }
  return { ...base, added: [...(base.added ?? []), added], nodes, kinds, runtimes }
}

type Check = readonly [expected: string, accepts: (value: unknown) => boolean]

const isFunction: Check = ['a function', value => typeof value === 'function']
const isText: Check = ['text that is not empty', value => typeof value === 'string' && value !== '']
const isMap: Check = ['a map', isRecord]
const oneOf = (...names: readonly string[]): Check => [
  alternatives(names.map(name => `'${name}'`)),
  value => names.includes(value as string),
]

/** Enough that the engine can use it; `nodeRules` of `maskloom/testing` say all that makes a good node. */
const nodeShape: { readonly [field: string]: Check } = {
  name: [
    'family/name in small letters',
    value => typeof value === 'string' && /^[a-z][a-z0-9-]*\/[a-z][a-z0-9-]*$/.test(value),
  ],
  version: ['a whole number of at least 1', value => Number.isInteger(value) && (value as number) >= 1],
  description: isText,
  mode: oneOf('item', 'collection', 'files', 'scatter', 'split', 'gather'),
  lane: oneOf('gpu', 'cpu', 'io'),
  params: [
    "an object schema: { type: 'object', additionalProperties: false, properties: { … } }",
    value =>
      isRecord(value) &&
      value['type'] === 'object' &&
      value['additionalProperties'] === false &&
      isRecord(value['properties']),
  ],
  inputs: isMap,
  outputs: isMap,
  run: isFunction,
}

const kindShape: { readonly [field: string]: Check } = {
  name: isText,
  description: isText,
  extension: isText,
  encode: isFunction,
  decode: isFunction,
}

function misshapen(value: unknown, shape: { readonly [field: string]: Check }): string | undefined {
  if (!isRecord(value)) return `expected an object, found ${describeValue(value)}`
  for (const [field, [expected, accepts]] of Object.entries(shape)) {
    const found = value[field]
    if (!accepts(found)) {
      const shown = typeof found === 'function' ? 'a function' : describeValue(found)
      return `\`${field}\`: expected ${expected}, found ${shown}`
    }
  }
  return undefined
}

function unknownNames(
  { inputs, outputs, runtimes: needed }: NodeDefinition,
  kinds: ReadonlyMap<string, Kind>,
  runtimes: Registry['runtimes'],
): string | undefined {
  const named = [...Object.values(inputs).flatMap(port => port.kind), ...Object.values(outputs).map(port => port.kind)]
  const kind = named.find(one => !kinds.has(one))
  if (kind !== undefined) return `there is no kind \`${kind}\`; known: ${[...kinds.keys()].join(', ')}`
  const runtime = (needed ?? []).find(one => !runtimes.has(one))
  return runtime === undefined ? undefined : `there is no runtime \`${runtime}\``
}

function listOf<T>(name: string, value: unknown, problem: (message: string) => Error): readonly T[] {
  if (!Array.isArray(value)) throw problem(`\`${name}\`: expected a list, found ${describeValue(value)}`)
  return value
}

function nameOf(node: unknown): string {
  return isRecord(node) && typeof node['name'] === 'string' ? ` (\`${node['name']}\`)` : ''
}

function isRecord(value: unknown): value is { readonly [name: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
