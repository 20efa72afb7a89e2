import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { NodeDefinition, Values } from '../../engine/contract/node.ts'
import { registry } from '../../nodes/index.ts'
import type { Weights } from '../../nodes/values/weights.ts'
import { arbitraryValues, type FrameHw, frames } from '../helpers/arbitrary-values.ts'
import { classesOf } from '../helpers/collections.ts'
import { proposalMaps } from '../helpers/proposal-maps.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

/** Who weighs 0 leaves no trace: the results are, bit for bit, those of a run without it. */

const types = classesOf('cat', 'dog', 'fox')

const weighted = [...registry.nodes.values()].flatMap(node => {
  const port = Object.values(node.params.properties).find(schema => 'x-weights-of' in schema)?.['x-weights-of']
  return port === undefined ? [] : [{ name: node.name, node, port }]
})

interface Case {
  readonly members: readonly unknown[]
  readonly soft: readonly unknown[]
  readonly detections: unknown
  readonly weights: readonly number[]
}

const maps = fc.nat(1000).map(seed => proposalMaps(seed))

function memberOf(kind: string, frameHw: FrameHw, count: number): fc.Arbitrary<unknown> {
  return kind === 'rpn' ? maps : arbitraryValues[kind]!(frameHw, count).map(({ value }) => value)
}

const cases = (kind: string): fc.Arbitrary<Case> =>
  fc.tuple(frames, fc.integer({ min: 0, max: 5 })).chain(([frameHw, count]) =>
    fc
      .array(
        fc.tuple(
          memberOf(kind, frameHw, count),
          memberOf('roi-masks', frameHw, count),
          fc.constantFrom(0, 0, 1, 0.5, 3),
        ),
        {
          minLength: 2,
          maxLength: 4,
        },
      )
      .filter(list => list.some(([, , weight]) => weight > 0))
      .chain(list =>
        memberOf('detections', frameHw, count).map(detections => ({
          members: list.map(([value]) => value),
          soft: list.map(([, value]) => value),
          detections,
          weights: list.map(([, , weight]) => weight),
        })),
      ),
  )

type Outcome = string | { readonly [port: string]: string }

/** Encoded outputs, or the message of a refusal. */
async function outcome(node: NodeDefinition, inputs: Values, params: object, count: number): Promise<Outcome> {
  const inputTypes = Object.fromEntries(
    Object.entries(inputs).map(([port, value]) => [port, Array.isArray(value) ? Array(count).fill(types) : [types]]),
  )
  const check = testCheck({ inputs: inputTypes })
  await node.types?.(params as never, check.context)
  expect(check.problems).toEqual([])
  try {
    const outputs = await runNode(node, inputs, params, { inputTypes, wanted: Object.keys(node.outputs) })
    return Object.fromEntries(
      Object.entries(outputs).map(([port, value]) => {
        const bytes = registry.kinds.get(node.outputs[port]!.kind)!.encode(value) as Uint8Array
        return [port, Buffer.from(bytes).toString('base64')]
      }),
    )
  } catch (error) {
    if (!(error instanceof TaskError)) throw error
    return error.message
  }
}

function inputsFor(
  node: NodeDefinition,
  port: string,
  { members, soft, detections }: Case,
  kept: (i: number) => boolean,
) {
  return {
    [port]: members.filter((_, i) => kept(i)),
    ...(node.inputs['roi_masks'] && { roi_masks: soft.filter((_, i) => kept(i)) }),
    ...(node.inputs['detections']?.many === undefined && node.inputs['detections'] && { detections }),
  }
}

describe('a member of weight 0', () => {
  it.each(weighted)('leaves no trace in $name', async ({ node, port }) => {
    const kind = [node.inputs[port]!.kind].flat()[0]!
    let good = 0
    await fc.assert(
      fc.asyncProperty(cases(kind), async given => {
        const { weights, members } = given
        const isMember = (i: number) => weights[i]! > 0
        const left = weights.filter(weight => weight > 0)
        const params = (list: unknown) => ({ ...withDefaults(node, {}), weights: list })
        const without = await outcome(node, inputsFor(node, port, given, isMember), params(left), left.length)
        const all = inputsFor(node, port, given, () => true)
        expect(await outcome(node, all, params(weights), members.length)).toEqual(without)
        const named: Weights = { who: Object.fromEntries(weights.map((weight, i) => [`m${i}`, weight])) }
        const coordinates = weights.map((_, i) => ({ who: `m${i}` }))
        const byPort = await outcome(node, { ...all, weights: named }, params(coordinates), members.length)
        expect(byPort).toEqual(without)
        if (typeof without === 'object' && left.length < weights.length) good++
      }),
      { numRuns: 100 },
    )
    expect(good).toBeGreaterThan(10)
  })

  it('can be left out wherever values of an item are folded into one', () => {
    // Collection nodes compare what they fold, member by member.
    const folding = [...registry.nodes.values()].filter(
      ({ inputs, mode }) =>
        mode !== 'collection' && Object.values(inputs).some(({ many, per }) => many === 'folded' && per === 'item'),
    )
    expect(weighted.map(({ name }) => name)).toEqual(folding.map(({ name }) => name))
    for (const { node } of weighted) expect(node.inputs['weights']).toMatchObject({ kind: 'weights', optional: true })
  })
})

describe('weights through the port', () => {
  const { node } = weighted.find(({ name }) => name === 'ensemble/proposals')!
  const view = { frameHw: [4, 4], boxesXyxy: Float64Array.of(0, 0, 2, 2), scores: Float64Array.of(0.5) }
  const coordinates = [
    { model: 'L1', flip: 'none' },
    { model: 'L2', flip: 'none' },
  ]
  const merge = (weights: Weights) =>
    runNode(node, { proposals: [view, view], weights }, { ...withDefaults(node, {}), weights: coordinates })

  it.each<[string, Weights, string]>([
    ['an id', { model: { L3: 1 } }, 'the weights name model=L3, which the folded input does not have'],
    ['an axis', { scale: { L1: 1 } }, 'the weights name the axis scale, which the folded input does not have'],
    ['nothing that is left', { model: { L1: 0, L2: 0 } }, 'the weights are 0, 0'],
    ['nothing that is left, by two axes', { flip: { none: 0 } }, 'the weights are 0, 0'],
  ])('are refused when they name %s', async (_, weights, message) => {
    await expect(merge(weights)).rejects.toThrow(message)
  })

  it('multiply over axes and leave 1 where nothing is named', async () => {
    expect(await merge({ model: { L1: 0 }, flip: { none: 7 } })).toEqual(
      await runNode(node, { proposals: [view] }, withDefaults(node, {})),
    )
  })
})
