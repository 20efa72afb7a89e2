import { describe, expect, it } from 'vitest'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import { decodeDense } from '../../nodes/kernels/rle.ts'
import { masksFuseSources } from '../../nodes/masks/fuse-sources.ts'
import { masksVote } from '../../nodes/masks/vote.ts'
import { masksWbf } from '../../nodes/masks/wbf.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import type { RoiMasks } from '../../nodes/values/roi-masks.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const frame = [12, 24] as const

async function run(
  node: NodeDefinition,
  params: object,
  sources: readonly Instances[],
  more: { readonly roi_masks?: readonly RoiMasks[]; readonly lists?: readonly object[] } = {},
): Promise<Instances> {
  const lists = more.lists ?? sources.map(() => classesOf('cat', 'dog'))
  const inputs = { instances: sources, ...(more.roi_masks && { roi_masks: more.roi_masks }) }
  const { instances } = await runNode(node, inputs, withDefaults(node, params), typedRun({ instances: lists as never }))
  instancesKind.encode(instances as Instances)
  return instances as Instances
}

const source = (...specs: BoxSpec[]) => boxInstances(frame, specs)

/** Label, score and box of each instance. */
const shown = ({ labels, scores, boxesXyxy }: Instances) =>
  Array.from(labels, (label, i) => [label, Number(scores[i]!.toFixed(9)), ...boxesXyxy.slice(4 * i, 4 * i + 4)])

describe('masks/vote', () => {
  const survivor: BoxSpec = { score: 0.9, box: [0, 0, 10, 4] }
  const victims: BoxSpec[] = [
    { score: 0.6, box: [2, 0, 12, 4] },
    { score: 0.5, box: [2, 0, 13, 4] },
  ]

  it('corrects a survivor by the masks it suppressed, with its box, and keeps its score', async () => {
    // Columns 0–1: 0.45 of the votes, 2–9: 1, 10–11: 0.55, 12: 0.25.
    const voted = await run(masksVote, {}, [source(survivor), source(...victims)])
    expect(shown(voted)).toEqual([[0, 0.9, 2, 0, 12, 4]])
    const [one, two] = victims
    expect(shown(await run(masksVote, {}, [source(survivor), source(one!)]))).toEqual([[0, 0.9, 0, 0, 10, 4]])
    const outweighed = source(one!, { ...two!, score: 0.2 })
    expect(shown(await run(masksVote, {}, [source(survivor), outweighed]))).toEqual([[0, 0.9, 0, 0, 10, 4]])
  })

  it('counts only scores above the limit and votes of the same class', async () => {
    expect(shown(await run(masksVote, { score: 0.5 }, [source(survivor), source(...victims)]))).toEqual([
      [0, 0.9, 0, 0, 10, 4],
    ])
    const dogs = source(...victims.map(spec => ({ ...spec, label: 1 })))
    expect(shown(await run(masksVote, {}, [source(survivor), dogs])).map(([label]) => label)).toEqual([0, 1])
  })

  it('orders as its rule says', async () => {
    const apart = [source({ score: 0.3, box: [0, 0, 4, 4] }), source({ score: 0.8, box: [8, 0, 12, 4] })]
    expect([...(await run(masksVote, {}, apart)).scores]).toEqual([0.3, 0.8])
    expect([...(await run(masksVote, { rule: 'default' }, apart)).scores]).toEqual([0.8, 0.3])
  })

  it('drops a mask without a pixel', async () => {
    expect(shown(await run(masksVote, {}, [source({ score: 0.9, box: [3, 3, 3, 3] })]))).toEqual([])
  })
})

describe('masks/fuse-sources', () => {
  const first = source({ score: 0.9, box: [0, 0, 10, 4] }, { score: 0.9, box: [0, 6, 10, 10] })
  const second = source({ score: 0.5, box: [2, 0, 10, 4] })

  it('scores the matched by weight and the lonely by theirs alone', async () => {
    const fused = await run(masksFuseSources, { weights: [0.6, 0.4] }, [first, second])
    expect(shown(fused)).toEqual([
      [0, 0.74, 0, 0, 10, 4],
      [0, 0.54, 0, 6, 10, 10],
    ])
    expect(shown(await run(masksFuseSources, { weights: [6, 4], max: 1 }, [first, second]))).toHaveLength(1)
  })

  it('takes a pixel with more than half of the weight present, and matches above the IoU only', async () => {
    expect(shown(await run(masksFuseSources, { weights: [2, 3] }, [first, second]))[0]!.slice(2)).toEqual([2, 0, 10, 4])
    // IoU 0.8.
    expect(shown(await run(masksFuseSources, { iou: 0.8 }, [first, second]))).toHaveLength(3)
  })
})

describe('masks/wbf', () => {
  const specs = (shift: number, score: number): BoxSpec[] => [{ score, box: [shift, 0, shift + 10, 4] }]

  it('scores by agreement: all, and one of three sources', async () => {
    const [a, b, c] = [specs(0, 0.9), specs(0, 0.6), specs(0, 0.6)]
    const lonely: BoxSpec = { score: 0.6, box: [12, 6, 20, 10] }
    const fused = await run(masksWbf, {}, [source(...a), source(...b), source(...c, lonely)])
    expect(shown(fused)).toEqual([
      [0, 0.7, 0, 0, 10, 4],
      [0, 0.2, 12, 6, 20, 10],
    ])
    expect(shown(await run(masksWbf, { max: 1 }, [source(...a), source(...b), source(...c, lonely)]))).toHaveLength(1)
  })

  it('moves the mask and lowers the score when the sources disagree', async () => {
    // Shares of columns: 0: 0.75, 1–9: 1, 10: 0.25.
    const fused = await run(masksWbf, {}, [source(...specs(0, 0.9)), source(...specs(1, 0.3))])
    expect(shown(fused)).toEqual([[0, Number(((0.9 * 1 + 0.3 * (9 / 11)) / 2).toFixed(9)), 0, 0, 10, 4]])
    const wide = await run(masksWbf, { mask_threshold: 0.2 }, [source(...specs(0, 0.9)), source(...specs(1, 0.3))])
    expect(shown(wide)[0]!.slice(2)).toEqual([0, 0, 11, 4])
  })

  it('listens to weights, skips the unsure and keeps instances of one source apart unless told', async () => {
    const both = [source(...specs(0, 0.9)), source(...specs(1, 0.8))]
    expect(shown(await run(masksWbf, { weights: [1, 0] }, both))).toEqual([[0, 0.9, 0, 0, 10, 4]])
    expect(shown(await run(masksWbf, { skip_below: 0.85 }, both))).toEqual([[0, 0.45, 0, 0, 10, 4]])
    const twice = [source(...specs(0, 0.9), ...specs(1, 0.8))]
    expect(shown(await run(masksWbf, {}, twice))).toHaveLength(2)
    expect(shown(await run(masksWbf, { several_per_source: true }, twice))).toHaveLength(1)
  })

  it('fuses soft masks before they are cut, if it gets them', async () => {
    // Both cut at 0.5 to the same half; the second is nearly sure of the other half, so the mean is above 0.5 there.
    const box: BoxSpec['box'] = [0, 0, 8, 8]
    const soft = (left: number, right: number): RoiMasks => ({
      sizePx: 4,
      probabilities: Float32Array.from({ length: 16 }, (_, k) => (k % 4 < 2 ? left : right)),
    })
    const both = [source({ score: 0.9, box: [0, 0, 8, 8] }), source({ score: 0.9, box: [0, 0, 8, 8] })]
    const withBoxes = both.map(part => ({ ...part, boxesXyxy: Float64Array.from(box) }))
    const fused = await run(masksWbf, {}, withBoxes, { roi_masks: [soft(0.9, 0.1), soft(0.9, 0.8)] })
    const pixels = decodeDense(fused.masks, 0, 'row-major')
    // Row 4: left half sure; right half 0.45 at most.
    expect([...pixels.slice(4 * 24 + 1, 4 * 24 + 8)]).toEqual([1, 1, 1, 1, 0, 0, 0])
    const surer = await run(masksWbf, {}, withBoxes, { roi_masks: [soft(0.9, 0.4), soft(0.9, 0.8)] })
    expect([...decodeDense(surer.masks, 0, 'row-major').slice(4 * 24 + 1, 4 * 24 + 7)]).toEqual([1, 1, 1, 1, 1, 1])
  })

  it('refuses soft masks that are not of the instances, when running and when checking', async () => {
    const one: RoiMasks = { sizePx: 2, probabilities: new Float32Array(4) }
    const none: RoiMasks = { sizePx: 2, probabilities: new Float32Array(0) }
    const sources = [source(...specs(0, 0.9)), source(...specs(0, 0.8))]
    await expect(run(masksWbf, {}, sources, { roi_masks: [one, none] })).rejects.toThrow(
      'source 1 has 1 instances, so 1 soft masks of 2 px are expected; found 0 of 2 px',
    )
    await expect(run(masksWbf, {}, sources, { roi_masks: [one] })).rejects.toThrow('found none')
    const sizes = [{ mask_size_px: 28 }, { mask_size_px: 14 }]
    const check = testCheck({ inputs: { instances: [classesOf('a'), classesOf('a')], roi_masks: sizes } })
    await masksWbf.types!({} as never, check.context)
    expect(check.problems).toMatchObject([
      { input: 'roi_masks', message: 'soft masks of 28 and 14 px cannot be fused' },
    ])
  })
})

const fusing = [masksVote, masksFuseSources, masksWbf]

describe.each(fusing.map(node => [node.name, node] as const))('%s', (_name, node) => {
  const whole: BoxSpec['box'] = [0, 0, 10, 10]

  it('meets classes by id and types its output with the united list', async () => {
    const lists = [classesOf('cat', 'dog'), classesOf('dog', 'owl')]
    const sources = [
      source({ label: 0, score: 0.9, box: whole }, { label: 1, score: 0.8, box: whole }),
      source({ label: 0, score: 0.7, box: whole }, { label: 1, score: 0.6, box: whole }),
    ]
    expect([...(await run(node, {}, sources, { lists })).labels].sort()).toEqual([0, 1, 2])
    const { context } = testCheck({ inputs: { instances: lists as never } })
    expect(await node.types!({} as never, context)).toEqual({ instances: classesOf('cat', 'dog', 'owl') })
  })

  it('gives nothing for nothing', async () => {
    expect(shown(await run(node, {}, [source(), source()]))).toEqual([])
  })

  it('refuses other frames and labels outside their list, naming input and instance', async () => {
    await expect(run(node, {}, [source(), boxInstances([24, 12], [])])).rejects.toThrow('(input 1) cannot join')
    const strange = source({ score: 0.5, box: whole }, { label: 2, score: 0.5, box: whole })
    await expect(run(node, {}, [source(), strange])).rejects.toThrow('labels[1] of input 1 is 2')
  })
})
