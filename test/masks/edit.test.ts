import { describe, expect, it } from 'vitest'
import type { NodeDefinition } from '../../engine/contract/node.ts'
import { masksComponents } from '../../nodes/masks/components.ts'
import { masksDropSmall } from '../../nodes/masks/drop-small.ts'
import { masksFillHoles } from '../../nodes/masks/fill-holes.ts'
import { masksMorphology } from '../../nodes/masks/morphology.ts'
import { masksOverlapRemoval } from '../../nodes/masks/overlap-removal.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import { classesOf } from '../helpers/collections.ts'
import { decoded, drawn, encoded, rows } from '../helpers/dense-masks.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

interface Drawing {
  readonly mask: string
  readonly score?: number
  readonly label?: number
}

/** Instances from drawings of one frame; boxes are wider than tight, as a detector gives them. */
function drawnInstances(...drawings: readonly Drawing[]): Instances {
  const masks = encoded(...drawings.map(({ mask }) => drawn(mask)))
  return {
    sizeHw: masks.sizeHw,
    boxesXyxy: Float64Array.from(drawings.flatMap(() => [0.5, 0.5, 2.5, 2.5])),
    scores: Float64Array.from(drawings, ({ score }) => score ?? 0.5),
    labels: Int32Array.from(drawings, ({ label }) => label ?? 0),
    masks,
  }
}

async function run(node: NodeDefinition, instances: Instances, params: object = {}): Promise<Instances> {
  const result = await runNode(node, { instances }, withDefaults(node, params))
  instancesKind.encode(result['instances'] as Instances)
  return result['instances'] as Instances
}

const pictures = ({ masks, scores }: Instances) => Array.from(scores, (_, i) => rows(decoded(masks, i)))
const boxes = ({ boxesXyxy, scores }: Instances) => Array.from(scores, (_, i) => [...boxesXyxy.slice(4 * i, 4 * i + 4)])

describe('masks/overlap-removal', () => {
  const three = drawnInstances(
    { mask: '###./###.', score: 0.6 },
    { mask: '.###/.###', score: 0.9, label: 1 },
    { mask: '.##./....', score: 0.3 },
  )

  it('leaves each pixel with the best score that has it and drops what is emptied', async () => {
    const disjoint = await run(masksOverlapRemoval, three)
    expect(pictures(disjoint)).toEqual(['1000/1000', '0111/0111'])
    expect(boxes(disjoint)).toEqual([
      [0, 0, 1, 2],
      [0.5, 0.5, 2.5, 2.5],
    ])
    const kept = await run(masksOverlapRemoval, three, { emptied: 'keep' })
    expect(pictures(kept)[2]).toBe('0000/0000')
    expect(boxes(kept)[2]).toEqual([0, 0, 0, 0])
  })

  it('lets classes be on their own if asked', async () => {
    expect(pictures(await run(masksOverlapRemoval, three, { within_class: true }))).toEqual(['1110/1110', '0111/0111'])
  })

  it('gives ties to the earlier instance', async () => {
    const twins = drawnInstances({ mask: '##.', score: 0.5 }, { mask: '.##', score: 0.5 })
    expect(pictures(await run(masksOverlapRemoval, twins))).toEqual(['110', '001'])
  })
})

describe('masks/drop-small', () => {
  const sizes = boxInstances(
    [10, 10],
    [
      { box: [0, 0, 5, 6] },
      { box: [0, 0, 5, 1] },
      { box: [0, 0, 10, 7] },
      { box: [1, 0, 6, 1] },
      { box: [0, 0, 4, 3] },
    ],
  )
  const areas = async (params: object) =>
    boxes(await run(masksDropSmall, sizes, params)).map(([x1, y1, x2, y2]) => (x2! - x1!) * (y2! - y1!))

  it('drops all that are small, or only the smallest', async () => {
    expect(await areas({ area_px: 30 })).toEqual([70])
    expect(await areas({ area_px: 30, rule: 'smallest' })).toEqual([30, 70, 12])
    expect(await areas({ area_px: 4, rule: 'smallest' })).toHaveLength(5)
    expect(await areas({ area_px: 0 })).toHaveLength(5)
  })

  it('keeps the first when asked and none is large', async () => {
    expect(await areas({ area_px: 100 })).toEqual([])
    expect(await areas({ area_px: 100, keep_one: true })).toEqual([30])
  })
})

describe('masks/fill-holes', () => {
  it('fills what the outside cannot reach, with the neighbourhood asked for, and keeps boxes of the untouched', async () => {
    const ring = { mask: '####/#..#/#.##/####' }
    const leaky = { mask: '.###/#..#/#.##/####' }
    const filled = await run(masksFillHoles, drawnInstances(ring, { mask: '#.../..../..../....' }))
    expect(pictures(filled)).toEqual(['1111/1111/1111/1111', '1000/0000/0000/0000'])
    expect(boxes(filled)).toEqual([
      [0, 0, 4, 4],
      [0.5, 0.5, 2.5, 2.5],
    ])
    expect(pictures(await run(masksFillHoles, drawnInstances(leaky)))).toEqual(['0111/1111/1111/1111'])
    expect(pictures(await run(masksFillHoles, drawnInstances(leaky), { background: 8 }))).toEqual([
      '0111/1001/1011/1111',
    ])
  })
})

describe('masks/morphology', () => {
  const blob = { mask: '...../.###./.###./.###./.....' }
  const one = async (operation: string, drawing: Drawing, params: object = {}) =>
    pictures(await run(masksMorphology, drawnInstances(drawing), { operation, ...params }))

  it('erodes, dilates, opens and closes', async () => {
    expect(await one('erode', blob)).toEqual(['00000/00000/00100/00000/00000'])
    expect(await one('dilate', { mask: '...../...../..#../...../.....' }, { shape: 'cross' })).toEqual([
      '00000/00100/01110/00100/00000',
    ])
    expect(await one('open', { mask: '...../.####/.###./.###./.....' })).toEqual(['00000/01110/01110/01110/00000'])
    const gap = '........./........./..##.##../..##.##../........./.........'
    expect(await one('close', { mask: gap })).toEqual(['000000000/000000000/001111100/001111100/000000000/000000000'])
  })

  it('takes what is beyond the picture for what it is told', async () => {
    expect(await one('erode', { mask: '###/###/###' })).toEqual(['111/111/111'])
    expect(await one('erode', { mask: '###/###/###' }, { outside: 'background' })).toEqual(['000/010/000'])
  })

  it('drops or keeps what it emptied, but not what was empty before', async () => {
    const two = drawnInstances({ mask: '..../.#../....' }, { mask: '..../..../....' })
    expect(pictures(await run(masksMorphology, two, { operation: 'erode' }))).toEqual(['0000/0000/0000'])
    expect(pictures(await run(masksMorphology, two, { operation: 'erode', emptied: 'keep' }))).toHaveLength(2)
  })

  it('does nothing with a radius of 0', async () => {
    expect(await run(masksMorphology, drawnInstances(blob), { operation: 'erode', radius_px: 0 })).toEqual(
      drawnInstances(blob),
    )
  })
})

describe('masks/components', () => {
  const pair = { mask: '#..##/....#/##...', score: 0.7, label: 1 }

  it('keeps the largest part, the first of equals', async () => {
    const largest = await run(masksComponents, drawnInstances(pair), { parts: 'largest' })
    expect(pictures(largest)).toEqual(['00011/00001/00000'])
    expect(boxes(largest)).toEqual([[3, 0, 5, 2]])
    const equal = drawnInstances({ mask: '...#/#...' })
    expect(pictures(await run(masksComponents, equal, { parts: 'largest' }))).toEqual(['0001/0000'])
  })

  it('makes an instance of each part, with score, class and marks of the whole', async () => {
    const truth = { ...drawnInstances({ mask: '...../...../.....' }, pair), crowd: Uint8Array.of(0, 1) }
    const parts = await run(masksComponents, { ...truth, areasPx: Float64Array.of(9, 20) }, { parts: 'split' })
    expect(pictures(parts)).toEqual([
      '00000/00000/00000',
      '10000/00000/00000',
      '00011/00001/00000',
      '00000/00000/11000',
    ])
    expect([...parts.scores]).toEqual([0.5, 0.7, 0.7, 0.7])
    expect([...parts.labels]).toEqual([0, 1, 1, 1])
    expect([...parts.crowd!]).toEqual([0, 1, 1, 1])
    expect([...parts.areasPx!]).toEqual([9, 1, 3, 2])
    expect(boxes(parts)[3]).toEqual([0, 2, 2, 3])
  })

  it('connects over corners or sides, and leaves small parts out', async () => {
    const corner = drawnInstances({ mask: '##../..##' })
    expect(pictures(await run(masksComponents, corner, { parts: 'split' }))).toHaveLength(1)
    expect(pictures(await run(masksComponents, corner, { parts: 'split', connectivity: 4 }))).toHaveLength(2)
    expect(pictures(await run(masksComponents, drawnInstances(pair), { parts: 'split', min_area_px: 2 }))).toHaveLength(
      2,
    )
  })
})

const editing = [masksOverlapRemoval, masksDropSmall, masksFillHoles, masksMorphology, masksComponents]

describe.each(editing.map(node => [node.name, node] as const))('%s', (_name, node) => {
  it('passes the class list on and takes a picture without instances', async () => {
    const { context } = testCheck({ inputs: { instances: [classesOf('cat')] } })
    expect(await node.types!({} as never, context)).toEqual({ instances: classesOf('cat') })
    const empty = boxInstances([5, 7], [])
    expect(await run(node, empty, { area_px: 5, operation: 'open', parts: 'split' })).toEqual(empty)
  })
})
