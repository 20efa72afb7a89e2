import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { InputPort, NodeDefinition } from '../../engine/contract/node.ts'
import { samplesOf } from '../../engine/testing/schema-samples.ts'
import { registry } from '../../nodes/index.ts'
import { arbitraryValues, type FrameHw, frames, type TypedValue } from '../helpers/arbitrary-values.ts'
import { collectionOf } from '../helpers/collections.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

/**
 * Any values that keep the rules of their kinds, in any combination (frames, counts and class lists that do not fit
 * together among them), with any parameters: a node answers with values that keep the rules of theirs, or a TaskError.
 */

const kindsOf = ({ kind }: InputPort) => [kind].flat()

/** Decodes the pictures at its inputs. */
const readsPixels = (node: NodeDefinition) =>
  node.runtimes?.includes('sharp') && Object.values(node.inputs).some(port => kindsOf(port).includes('image'))

/** Nodes that need neither a network, a file nor pixels. */
const nodes = [...registry.nodes.values()].filter(
  node =>
    node.lane === 'cpu' &&
    Object.keys(node.inputs).length > 0 &&
    Object.values(node.params.properties).every(schema => !(schema['x-path'] || schema['x-pipeline'])) &&
    Object.values(node.inputs).every(port => port.optional || kindsOf(port).some(kind => kind in arbitraryValues)) &&
    !readsPixels(node) &&
    !node.name.startsWith('view/'),
)

/** Sizes of frame and lists: mostly those of the other ports, sometimes not. */
interface Sizes {
  readonly frameHw: FrameHw
  readonly count: number
}

const sizes: fc.Arbitrary<Sizes> = fc.record({ frameHw: frames, count: fc.nat(5) })

function oneValue(port: InputPort, shared: Sizes, other: Sizes): fc.Arbitrary<TypedValue> {
  const kinds = kindsOf(port).filter(kind => kind in arbitraryValues)
  return fc
    .tuple(fc.constantFrom(...kinds), fc.constantFrom(shared, shared, shared, { ...shared, count: other.count }, other))
    .chain(([kind, { frameHw, count }]) => arbitraryValues[kind]!(frameHw, count))
}

interface Fed {
  readonly input: unknown
  readonly types: readonly TypedValue['facets'][]
}

/** Everything at one port: a value, several of them, or collections. */
function fed(port: InputPort, collects: boolean, shared: Sizes, other: Sizes): fc.Arbitrary<Fed> {
  const value = oneValue(port, shared, other)
  const isCollection = port.per === 'children' || (collects && port.per !== 'collection')
  const source: fc.Arbitrary<{ readonly input: unknown; readonly facets: TypedValue['facets'] }> = isCollection
    ? fc.array(value, { maxLength: 3 }).map(items => ({
        input: collectionOf(Object.fromEntries(items.map((item, i) => [`item${i}`, item.value]))),
        facets: items[0]?.facets ?? { classes: [] },
      }))
    : value.map(item => ({ input: item.value, facets: item.facets }))
  if (port.many === undefined) return source.map(({ input, facets }) => ({ input, types: [facets] }))
  return fc.array(source, { minLength: 1, maxLength: 3 }).map(list => ({
    input: list.map(({ input }) => input),
    types: list.map(({ facets }) => facets),
  }))
}

function inputsOf(node: NodeDefinition): fc.Arbitrary<{ readonly [port: string]: Fed }> {
  const collects = node.mode === 'collection'
  return fc.tuple(sizes, sizes).chain(([shared, other]) => {
    const ports = Object.entries(node.inputs)
      .filter(([, port]) => kindsOf(port).some(kind => kind in arbitraryValues))
      .map(([name, port]) => [name, fed(port, collects, shared, other)] as const)
    const optional = Object.keys(node.inputs).filter(name => node.inputs[name]!.optional)
    return fc.record(Object.fromEntries(ports), {
      requiredKeys: ports.map(([name]) => name).filter(name => !optional.includes(name)),
    }) as fc.Arbitrary<{ readonly [port: string]: Fed }>
  })
}

/** Parameters without default are mostly left out: made-up class names are refused before anything runs. */
function paramsOf({ params }: NodeDefinition): fc.Arbitrary<object> {
  const given = Object.entries(params.properties).map(([name, schema]): [string, fc.Arbitrary<unknown>] => {
    if ('x-weights-of' in schema) return [name, fc.constant(undefined)]
    // Else refused before anything runs, since no folds are made here.
    if (name === 'in_sample') return [name, fc.constant(true)]
    if ('x-coordinates-of' in schema) return [name, fc.constant(undefined)]
    // Else small by chance only, and every drawing with large ones takes its time.
    if (name === 'bootstrap') return [name, fc.constantFrom(0, 3)]
    const usual = 'default' in schema ? [schema['default']] : []
    const some = fc.constantFrom(...usual, ...usual, ...samplesOf(schema))
    const needed = params.required?.includes(name) || 'default' in schema
    return [name, needed ? some : fc.option(some, { nil: undefined, freq: 1 })]
  })
  return fc
    .record(Object.fromEntries(given))
    .map(values => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)))
}

/** The values of folded ports stand on one axis; the first is called as `evaluate/ablation` calls the full one. */
function coordinatesOf(node: NodeDefinition, fedPorts: { readonly [port: string]: Fed }): object {
  const filled = Object.entries(node.params.properties).flatMap(([name, schema]) => {
    const port = fedPorts[schema['x-coordinates-of'] ?? '']
    return port === undefined ? [] : [[name, port.types.map((_, i) => ({ view: i === 0 ? 'nothing' : `${i}` }))]]
  })
  return Object.fromEntries(filled)
}

/** What the engine does: asks for the types, runs the node and encodes each output. False: refused by the check. */
async function run(node: NodeDefinition, fedPorts: { readonly [port: string]: Fed }, given: object): Promise<boolean> {
  const params = { ...given, ...coordinatesOf(node, fedPorts) }
  const entries = Object.entries(fedPorts).filter(([, port]) => port !== undefined)
  const inputTypes = Object.fromEntries(entries.map(([name, { types }]) => [name, types]))
  const check = testCheck({ inputs: inputTypes })
  await node.types?.(params as never, check.context)
  if (check.problems.length > 0) return false
  const outputs = await runNode(node, Object.fromEntries(entries.map(([name, { input }]) => [name, input])), params, {
    wanted: Object.keys(node.outputs),
    itemId: 'item0',
    inputTypes,
  })
  for (const [port, value] of Object.entries(outputs)) {
    registry.kinds.get(node.outputs[port]!.kind)!.encode(value)
  }
  return true
}

describe('any good values', () => {
  it.each(nodes.map(node => [node.name, node] as const))(
    'give good values or a TaskError: %s',
    async (_name, node) => {
      let good = 0
      await fc.assert(
        fc.asyncProperty(inputsOf(node), paramsOf(node), async (inputs, params) => {
          try {
            if (await run(node, inputs, params)) good++
          } catch (error) {
            if (!(error instanceof TaskError)) throw error
            expect(error.message).not.toMatch(/undefined|\[object|^internal/)
          }
        }),
        { numRuns: 120 },
      )
      expect(good).toBeGreaterThan(0)
    },
    20_000,
  )

  it('reach every fusion, mask and metric node', () => {
    const names = nodes.map(({ name }) => name)
    const reached = [...registry.nodes.keys()].filter(name => /^(boxes|masks|ensemble|hierarchy\/expand)/.test(name))
    expect(names).toEqual(
      expect.arrayContaining(reached.filter(name => name !== 'ensemble/rpn' && name !== 'masks/cut-to-picture')),
    )
    expect(names.filter(name => name.startsWith('evaluate/')).length).toBeGreaterThanOrEqual(7)
  })
})
