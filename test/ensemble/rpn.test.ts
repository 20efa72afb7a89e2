import { describe, expect, it } from 'vitest'
import type { Facets } from '../../engine/contract/kind.ts'
import { ensembleRpn } from '../../nodes/ensemble/rpn.ts'
import { imagesCellType } from '../../nodes/images/cell-type.ts'
import { decodeRpn } from '../../nodes/kernels/rpn.ts'
import type { View } from '../../nodes/values/features.ts'
import { type Proposals, proposalsKind } from '../../nodes/values/proposals.ts'
import { type RpnMaps, rpnFacets, rpnKind } from '../../nodes/values/rpn.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { mapsCoder as coder, proposalMaps as maps } from '../helpers/proposal-maps.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

async function proposals(members: readonly RpnMaps[], params: object, text?: string): Promise<Proposals> {
  const types = classesOf('shsy5y', 'astro', 'cort')
  const run = typedRun({ group: [types] })
  const inputs = { rpn: members, ...(text !== undefined && { group: { text } }) }
  const { proposals: found } = await runNode(ensembleRpn, inputs, withDefaults(ensembleRpn, params), run)
  proposalsKind.encode(found as Proposals)
  return found as Proposals
}

describe('ensemble/rpn', () => {
  it('decodes the mean of logits and deltas and takes the boxes to the original image', async () => {
    const members = [maps(1), maps(2), maps(3)]
    const mean = members[0]!.levels.map((level, at) => {
      const average = (map: 'objectness' | 'deltas') =>
        level[map].map(
          (_, i) =>
            (members[0]!.levels[at]![map][i]! + members[1]!.levels[at]![map][i]! + members[2]!.levels[at]![map][i]!) /
            3,
        )
      return { ...level, objectness: average('objectness'), deltas: average('deltas') }
    })
    const rules = { ...coder, topPerLevel: 30, nmsIou: 0.6, scoreThreshold: 0.4, max: 25, minSidePx: 0.001 }
    const expected = decodeRpn(mean, [32, 64], rules)
    const found = await proposals(members, { top_per_level: 30, iou: 0.6, score: 0.4, max: 25 })
    expect(expected.scores.length).toBeGreaterThan(10)
    expect(found).toEqual({
      frameHw: [64, 128],
      boxesXyxy: expected.boxesXyxy.map(value => 2 * value),
      scores: expected.scores,
    })
  })

  it('chooses its numbers by the type of the image', async () => {
    const byType = { score: { astro: 0.9, others: 0.3 }, max: { cort: 3, others: 1000 } }
    expect(await proposals([maps(4)], byType, 'astro')).toEqual(await proposals([maps(4)], { score: 0.9 }))
    expect(await proposals([maps(4)], byType, 'shsy5y')).toEqual(await proposals([maps(4)], { score: 0.3 }))
    expect((await proposals([maps(4)], byType, 'cort')).scores).toHaveLength(3)
  })

  it('listens to weights', async () => {
    const one = await proposals([maps(5)], {})
    const run = typedRun({})
    const params = { ...withDefaults(ensembleRpn, {}), weights: [1, 0] }
    expect((await runNode(ensembleRpn, { rpn: [maps(5), maps(6)] }, params, run))['proposals']).toEqual(one)
  })

  it('refuses maps of different views, saying how they differ', async () => {
    const other = (change: Partial<View>) => proposals([maps(1), maps(2, change)], {})
    await expect(other({ flip: 'horizontal' })).rejects.toThrow(
      'member 1 cannot be averaged: flip none against horizontal',
    )
    await expect(other({ resizedHw: [32, 63] })).rejects.toThrow('views of 64 × 32 px against 63 × 32 px')
    await expect(other({ frameHw: [64, 127] })).rejects.toThrow('images of 128 × 64 px against 127 × 64 px')
  })

  it('needs a group for numbers by class', async () => {
    const check = testCheck({ inputs: { rpn: [rpnFacets(maps(1).levels, coder)] } })
    await ensembleRpn.types!(withDefaults(ensembleRpn, { iou: { astro: 0.5 } }) as never, check.context)
    expect(check.problems).toMatchObject([{ param: 'iou', fix: 'bind the input group, or write one number' }])
  })
})

describe('the static type of proposal maps', () => {
  it('tells models with other anchors apart', () => {
    const a = rpnFacets(maps(1).levels, coder)
    const b = rpnFacets(
      maps(1).levels.map(level => ({ ...level, sizesPx: [2 * level.stridePx] })),
      coder,
    )
    expect(rpnFacets(maps(2).levels, coder)).toEqual(a)
    expect(rpnKind.explainDifference!(a, b)).toBe(
      'anchors of 12 px (stride 4), 24 px (stride 8), 48 px (stride 16), 96 px (stride 32), 192 px (stride 64) with ratios 0.5, 1, 2 against anchors of 8 px (stride 4), 16 px (stride 8), 32 px (stride 16), 64 px (stride 32), 128 px (stride 64) with ratios 0.5, 1, 2: such maps cannot be averaged',
    )
    expect(() => rpnKind.encode(maps(1))).toThrow('not stored')
  })
})

describe('images/cell-type', () => {
  const flat = (logits: readonly number[]): RpnMaps => ({
    ...maps(0),
    levels: maps(0).levels.map((level, at) => ({ ...level, objectness: level.objectness.map(() => logits[at]!) })),
  })

  async function typeOf(members: readonly RpnMaps[], params: object = {}) {
    return runNode(imagesCellType, { rpn: members }, withDefaults(imagesCellType, params))
  }

  it('counts likely positions of the mean maps', async () => {
    const { label, counts } = await typeOf([flat([9, -9, 9, -9, -9]), flat([-9, -9, -1, -9, -9])], { total_count: 9 })
    expect(counts).toEqual({
      columns: ['level', 'positions'],
      rows: [
        [0, 0],
        [1, 0],
        [2, 8],
        [3, 0],
        [4, 0],
      ],
    })
    expect(label).toEqual({ text: 'cort' })
    expect((await typeOf([flat([9, 9, 9, 9, 9])], { coarse_count: 2 }))['label']).toEqual({ text: 'astro' })
    expect((await typeOf([flat([9, 9, 9, 9, 9])], { total_count: 100 }))['label']).toEqual({ text: 'shsy5y' })
  })

  it('says that the rule is for five levels', async () => {
    const four = { ...maps(1), levels: maps(1).levels.slice(1) }
    await expect(typeOf([four])).rejects.toThrow('4 pyramid levels, the rule is for 5')
    const check = testCheck({ inputs: { rpn: [rpnFacets(four.levels, coder)] } })
    const types = await imagesCellType.types!({} as never, check.context)
    expect(types['label']).toEqual(classesOf('shsy5y', 'astro', 'cort') satisfies Facets)
    expect(check.problems).toMatchObject([{ input: 'rpn' }])
  })
})
