import { describe, expect, it } from 'vitest'
import { boxesNms } from '../../nodes/boxes/nms.ts'
import { ensembleBoxes } from '../../nodes/ensemble/boxes.ts'
import { ensembleMasks } from '../../nodes/ensemble/masks.ts'
import { ensembleProposals } from '../../nodes/ensemble/proposals.ts'
import { maskAreas } from '../../nodes/kernels/rle.ts'
import type { ProposalBoxes } from '../../nodes/values/boxes.ts'
import type { Detections } from '../../nodes/values/detections.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Proposals } from '../../nodes/values/proposals.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const proposals = (boxes: number[], scores: number[], frameHw: [number, number] = [10, 10]): Proposals => ({
  frameHw,
  boxesXyxy: new Float64Array(boxes),
  scores: new Float64Array(scores),
})

const boxes = (probabilities: number[], sides: number[], boxesPerProposal = 1): ProposalBoxes => ({
  frameHw: [10, 10],
  classCount: 2,
  probabilities: new Float32Array(probabilities),
  boxesXyxy: new Float32Array(sides),
  boxesPerProposal,
})

describe('ensemble/proposals', () => {
  it('keeps the best of duplicates with its own box, up to the cap', async () => {
    const views = [proposals([0, 0, 4, 4, 6, 6, 9, 9], [0.5, 0.4]), proposals([0, 0, 4, 3.9, 6, 0, 9, 3], [0.8, 0.4])]
    const merge = async (max: number) =>
      (await runNode(ensembleProposals, { proposals: views }, { iou: 0.7, max }))['proposals']
    // Ties: the first view first.
    expect(await merge(9)).toEqual(proposals([0, 0, 4, 3.9, 6, 6, 9, 9, 6, 0, 9, 3], [0.8, 0.4, 0.4]))
    expect(await merge(1)).toEqual(proposals([0, 0, 4, 3.9], [0.8]))
  })

  it('refuses views of pictures of different size', () => {
    const views = [proposals([], []), proposals([], [], [10, 20])]
    expect(() =>
      ensembleProposals.run({ proposals: views } as never, { iou: 0.7, max: 9 } as never, {} as never),
    ).toThrow('10 × 10 and 20 × 10')
  })
})

describe('ensemble/boxes', () => {
  it('averages probabilities and boxes by weight', async () => {
    const views = [boxes([0.5, 0], [0, 0, 4, 4]), boxes([0.25, 1], [0, 0, 8, 8])]
    const equal = (await runNode(ensembleBoxes, { boxes: views }, {}))['boxes']
    expect(equal).toEqual(boxes([0.375, 0.5], [0, 0, 6, 6]))
    const weighted = (await runNode(ensembleBoxes, { boxes: views }, { weights: [3, 1] }))['boxes']
    expect(weighted).toEqual(boxes([0.4375, 0.25], [0, 0, 5, 5]))
  })

  it.each<[string, ProposalBoxes, RegExp]>([
    [
      'shared with per-class boxes',
      boxes([0.5, 0.5], [0, 0, 1, 1, 0, 0, 1, 1], 2),
      /one box for all classes against one box for each class/,
    ],
    ['different numbers of proposals', boxes([0.5, 0.5, 0, 0], [0, 0, 1, 1, 0, 0, 1, 1]), /1 against 2 proposals/],
    ['different frames', { ...boxes([0.5, 0.5], [0, 0, 1, 1]), frameHw: [5, 5] }, /frames of 10 × 10 against 5 × 5/],
  ])('refuses to mix %s', (_what, other, message) => {
    const views = [boxes([0.5, 0.5], [0, 0, 1, 1]), other]
    expect(() => ensembleBoxes.run({ boxes: views } as never, {} as never, {} as never)).toThrow(message)
  })

  it('refuses weights that are all zero or negative', () => {
    const views = [boxes([0.5, 0.5], [0, 0, 1, 1])]
    for (const weights of [[0], [-1], [Number.NaN]])
      expect(() => ensembleBoxes.run({ boxes: views } as never, { weights } as never, {} as never)).toThrow(
        'one of them above 0',
      )
  })

  it('reports such weights before anything runs', async () => {
    const check = testCheck({ inputs: { boxes: [{ classes: [] }] } })
    await ensembleBoxes.types!({ weights: [0, 0] } as never, check.context)
    expect(check.problems).toMatchObject([
      { param: 'weights', message: expect.stringContaining('the weights are 0, 0') },
    ])
  })
})

describe('boxes/nms', () => {
  it('makes detections of classes, each with its own suppression', async () => {
    const input = boxes([0.9, 0.6, 0.8, 0.7], [0, 0, 4, 4, 0, 0, 4, 3.5])
    const params = { score: 0.05, iou: 0.5, max: 10, min_side: 0.01 }
    const { detections } = (await runNode(boxesNms, { boxes: input }, params)) as { detections: Detections }
    expect([...detections.labels]).toEqual([0, 1])
    expect([...detections.scores]).toEqual([Math.fround(0.9), Math.fround(0.7)])
    expect([...detections.boxesXyxy]).toEqual([0, 0, 4, 4, 0, 0, 4, 3.5])
    expect(detections.frameHw).toEqual([10, 10])
  })

  it('passes the class list on', async () => {
    const classes = [{ id: 'a', name: 'A' }]
    const { context } = testCheck({ inputs: { boxes: [{ classes, class_boxes: 'shared' }] } })
    expect(await boxesNms.types!({} as never, context)).toEqual({ detections: { classes } })
  })
})

describe('ensemble/masks', () => {
  const detections: Detections = { ...proposals([2, 2, 6, 6], [0.9]), labels: new Int32Array([1]) }
  const masks = (...probabilities: number[]) => ({ sizePx: 2, probabilities: new Float32Array(probabilities) })

  it('averages by weight and pastes what is above the threshold', async () => {
    const views = [masks(1, 1, 1, 1), masks(0, 0, 0, 0)]
    const area = async (params: object) => {
      const { instances } = (await runNode(ensembleMasks, { masks: views, detections }, params)) as {
        instances: Instances
      }
      expect(instances).toMatchObject({ sizeHw: [10, 10], scores: detections.scores, labels: detections.labels })
      return instances.masks.starts.reduce((sum, start, i) => sum + instances.masks.ends[i]! - start, 0)
    }
    // A mean of 0.5 is not above 0.5; 0.75 is, in all of the box but the corners, where the edges of both axes fade.
    expect(await area({ threshold: 0.5 })).toBe(0)
    expect(await area({ threshold: 0.5, weights: [3, 1] })).toBe(12)
    expect(await area({ threshold: 0.4 })).toBe(4)
  })

  it('cuts probabilities to 255ths when asked: the first level above 0.45 is 115', async () => {
    const whole: Detections = { ...detections, boxesXyxy: new Float64Array([-10, -10, 30, 30]) }
    const isForeground = async (value: number, params: object) => {
      const inputs = { masks: [masks(value, value, value, value)], detections: whole }
      const { instances } = (await runNode(ensembleMasks, inputs, { threshold: 0.45, ...params })) as {
        instances: Instances
      }
      return instances.masks.starts.length > 0
    }
    const published = { paste: 'detectron2', comparison: '>', quantise: 'u8-truncate' }
    expect(await isForeground(0.4505, {})).toBe(true)
    expect(await isForeground(0.4505, published)).toBe(false)
    expect(await isForeground(0.451, published)).toBe(true)
    expect(await isForeground(0.45, { paste: 'detectron2' })).toBe(true)
    expect(await isForeground(0.4495, {})).toBe(false)
  })

  it('pastes as older programs do, which count the last pixel of a box or do not', async () => {
    // A box of four pixels whose soft mask is sure everywhere: its columns.
    const columns = async (paste: string, box = [0, 0, 4, 4]) => {
      const inputs = { masks: [masks(1, 1, 1, 1)], detections: { ...detections, boxesXyxy: new Float64Array(box) } }
      const params = { threshold: 0.5, paste, ...(paste === 'letterbox' && { square_px: 10 }) }
      const { instances } = (await runNode(ensembleMasks, inputs, params)) as { instances: Instances }
      return [...instances.masks.starts].map(start => Math.floor(start / 10)).join('')
    }
    expect(await columns('mmdet1')).toBe('0123')
    expect(await columns('keras')).toBe('0123')
    expect(await columns('letterbox')).toBe('0123')
    // The vector of the published paster: a ring of zeros, grown to whole pixels; of 0 … 3 only 1 and 2 survive.
    expect(await columns('maskrcnn-benchmark')).toBe('12')
    expect(await columns('torchvision', [0, 0, 3, 3])).toBe('12')
  })

  it('reports a square that no paste asks for', async () => {
    const check = testCheck({ inputs: {} })
    await ensembleMasks.types!({ paste: 'aligned', square_px: 512, threshold: 0.5 } as never, check.context)
    expect(check.problems).toMatchObject([{ param: 'square_px' }])
  })

  it('takes the threshold of the class, or of the image, and keeps the order of the detections', async () => {
    const classes = classesOf('a', 'b')
    const two: Detections = {
      ...proposals([0, 0, 4, 4, 5, 5, 9, 9, 0, 5, 4, 9], [0.9, 0.8, 0.7]),
      labels: new Int32Array([1, 0, 1]),
    }
    const soft = { sizePx: 1, probabilities: new Float32Array([0.5, 0.5, 0.8]) }
    const areas = async (group?: string) => {
      const inputs = { masks: [soft], detections: two, ...(group !== undefined && { group: { text: group } }) }
      const run = typedRun({ detections: [classes], group: [classes] })
      const params = { threshold: { a: 0.05, b: 0.6 } }
      const { instances } = (await runNode(ensembleMasks, inputs, params, run)) as { instances: Instances }
      return [...maskAreas(instances.masks)]
    }
    // One cell fades to nothing half a box outside; at 0.05 that is seen, at 0.6 only the middle of the surest is.
    expect(await areas()).toEqual([0, 36, 4])
    expect(Math.min(...(await areas('a')))).toBeGreaterThan(16)
    expect(await areas('b')).toEqual([0, 0, 4])
  })

  it('refuses masks that are not of the detections', () => {
    const run = (views: object[]) => () =>
      ensembleMasks.run({ masks: views, detections } as never, { threshold: 0.5 } as never, {} as never)
    expect(run([masks(1, 1, 1, 1), masks()])).toThrow('view 1 has 0 masks of 2 px, expected 1 of 2 px')
  })

  it('gives the classes of the detections and reports masks of other classes', async () => {
    const classes = [{ id: 'a', name: 'A' }]
    const good = testCheck({ inputs: { masks: [{ classes, mask_size_px: 2 }], detections: [{ classes }] } })
    expect(await ensembleMasks.types!({} as never, good.context)).toEqual({ instances: { classes } })
    const bad = testCheck({ inputs: { masks: [{ classes: [], mask_size_px: 2 }], detections: [{ classes }] } })
    await ensembleMasks.types!({} as never, bad.context)
    expect(bad.problems).toMatchObject([{ input: 'detections' }])
  })
})
