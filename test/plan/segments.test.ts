import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { groupCells } from '../../engine/plan/segments.ts'
import { compiled, graphOf, groupsOf } from '../helpers/compiling.ts'
import { looseGraph, type StepSketch } from '../helpers/loose-graph.ts'
import { leafAndParent, threeStage } from '../helpers/three-stage-small.ts'

/** Groups as lists of step numbers, in order; or the steps of the problems. */
function grouped(sketches: readonly StepSketch[]): readonly (readonly number[])[] | readonly string[] {
  const { cells, steps, outputs } = looseGraph(sketches)
  const found = groupCells(cells, steps, outputs)
  return found.ok ? found.groups.map(group => group.cells) : found.problems.map(({ step }) => step)
}

const gpu = { lane: 'gpu' } as const

describe('a segment', () => {
  it('holds both ends of a value that is never stored', () => {
    expect(
      grouped([
        { mode: 'files', lane: 'io' },
        { ...gpu, reads: [0] },
        { ...gpu, readsMap: [1] },
      ]),
    ).toEqual([[0], [1, 2]])
  })

  it('takes in every step on a path that leaves it and comes back', () => {
    // Two stages over one map, with two steps and a fold of their own in between.
    const sketches: StepSketch[] = [
      { mode: 'files', lane: 'io' },
      { ...gpu, reads: [0] },
      { reads: [1] },
      { lane: 'io', reads: [2] },
      { ...gpu, readsMap: [1], reads: [3] },
      { lane: 'io', reads: [4] },
    ]
    expect(grouped(sketches)).toEqual([[0], [1, 2, 3, 4], [5]])
  })

  it('joins another with which it has a circle, though no path leaves one and comes back to it alone', () => {
    // 0 → 2 through a map and 1 → 3 through a map; 2 also needs 1, and 3 needs 0: neither can run before the other.
    expect(grouped([gpu, gpu, { ...gpu, readsMap: [0], reads: [1] }, { ...gpu, readsMap: [1], reads: [0] }])).toEqual([
      [0, 1, 2, 3],
    ])
  })

  it('stays apart from another that only comes after it', () => {
    const sketches = [gpu, { ...gpu, readsMap: [0] }, { ...gpu, reads: [1] }, { ...gpu, readsMap: [2] }]
    expect(grouped(sketches)).toEqual([
      [0, 1],
      [2, 3],
    ])
  })

  it('takes in per-item steps of the cpu lane that only it feeds', () => {
    const sketches: StepSketch[] = [
      gpu,
      { ...gpu, readsMap: [0] },
      { reads: [1] },
      { reads: [0, 2] },
      { lane: 'io', reads: [3] },
    ]
    expect(grouped(sketches)).toEqual([[0, 1, 2, 3], [4]])
  })

  it('leaves out a step that something else feeds as well', () => {
    const sketches: StepSketch[] = [
      { mode: 'files' },
      { ...gpu, reads: [0] },
      { ...gpu, readsMap: [1] },
      { reads: [2, 0] },
    ]
    expect(grouped(sketches)).toEqual([[0], [1, 2], [3]])
  })

  it('feeds a step that also takes a value for all, unless that value waits for the segment', () => {
    const independent: StepSketch[] = [
      { mode: 'collection' },
      gpu,
      { ...gpu, readsMap: [1] },
      { reads: [2], readsAll: [0] },
    ]
    expect(grouped(independent)).toEqual([[0], [1, 2, 3]])
    const waiting: StepSketch[] = [
      gpu,
      { ...gpu, readsMap: [0] },
      { mode: 'collection', reads: [1] },
      { reads: [1], readsAll: [2] },
    ]
    expect(grouped(waiting)).toEqual([[0, 1], [2], [3]])
  })

  it('refuses every step over all items on a path between its members', () => {
    const sketches: StepSketch[] = [
      gpu,
      { mode: 'collection', reads: [0] },
      { mode: 'collection', reads: [0] },
      { ...gpu, readsMap: [0], readsAll: [1, 2] },
    ]
    expect(grouped(sketches)).toEqual(['s1', 's2'])
  })

  it('refuses a step over all items that reads a value that is never stored', () => {
    expect(grouped([gpu, { mode: 'collection', readsMap: [0] }])).toEqual(['s1'])
  })
})

describe('per-item steps outside segments', () => {
  it('are chained while they stay on one lane', () => {
    const sketches: StepSketch[] = [
      { mode: 'files', lane: 'io' },
      { reads: [0] },
      { reads: [1] },
      { lane: 'io', reads: [2] },
      { reads: [3] },
    ]
    expect(grouped(sketches)).toEqual([[0], [1, 2], [3], [4]])
  })

  it('join the group that is last, if the others are done before it starts', () => {
    const ordered: StepSketch[] = [{ mode: 'files' }, { lane: 'io', reads: [0] }, { reads: [1] }, { reads: [2, 1] }]
    expect(grouped(ordered)).toEqual([[0], [1], [2, 3]])
    const side: StepSketch[] = [{ mode: 'files' }, { lane: 'io', reads: [0] }, { reads: [0] }, { reads: [2, 1] }]
    expect(grouped(side)).toEqual([[0], [1], [2], [3]])
  })
})

const sketch = (i: number) =>
  fc.record({
    mode: fc.constantFrom<'item' | 'collection'>('item', 'item', 'item', 'item', 'collection'),
    lane: fc.constantFrom<'cpu' | 'io' | 'gpu'>('cpu', 'cpu', 'io', 'gpu'),
    reads: fc.array(fc.nat(Math.max(0, i - 1)), { maxLength: i === 0 ? 0 : 3 }),
    readsMap: fc.array(fc.nat(Math.max(0, i - 1)), { maxLength: i === 0 ? 0 : 1 }),
    passesMap: fc.nat(3).map(n => n === 0),
  })

const sketches = fc
  .integer({ min: 2, max: 24 })
  .chain(count => fc.tuple(...Array.from({ length: count }, (_, i) => sketch(i))))
  .map(list => {
    const isItem = (i: number) => list[i]?.mode === 'item'
    return list.map(
      ({ mode, lane, reads, readsMap, passesMap }): StepSketch => ({
        mode,
        lane: mode === 'collection' ? 'cpu' : lane,
        reads: reads.filter(isItem),
        readsMap: passesMap && mode === 'item' ? readsMap.filter(isItem) : [],
        readsAll: reads.filter(i => !isItem(i)),
      }),
    )
  })

it('a step does not join a segment that would then wait for itself, through another segment', () => {
  const item = { mode: 'item', lane: 'cpu', reads: [], readsMap: [], readsAll: [] } as const
  // 0 and 3 are a segment with 2; 1 and 4 are one that waits for it; 5 reads 1; so 6 cannot be where 2 is.
  const list = [
    item,
    item,
    { ...item, reads: [0] },
    { ...item, readsMap: [0] },
    { ...item, reads: [2], readsMap: [1] },
    { ...item, mode: 'collection', reads: [1] } as const,
    { ...item, reads: [2], readsAll: [5] },
  ]
  const { cells, steps, outputs } = looseGraph(list)
  const found = groupCells(cells, steps, outputs)
  expect(found.ok && found.groups.map(group => group.cells)).toEqual([[0, 2, 3], [1, 4], [5], [6]])
})

it('any graph is cut into groups that can run one after the other, or has a step over all items in a circle', () => {
  let good = 0
  fc.assert(
    fc.property(sketches, list => {
      const { cells, steps, outputs } = looseGraph(list)
      const found = groupCells(cells, steps, outputs)
      if (!found.ok) {
        for (const { step } of found.problems) expect(list[Number(step.slice(1))]?.mode).toBe('collection')
        return
      }
      good++
      const groupOf = new Map(found.groups.flatMap((group, i) => group.cells.map(cell => [cell, i])))
      expect([...groupOf.keys()].sort((a, b) => a - b)).toEqual(cells.map(cell => cell.index))
      for (const cell of cells) {
        for (const source of cell.inputs.flatMap(input => input.sources)) {
          const [from, to] = [groupOf.get(source.cell) ?? -1, groupOf.get(cell.index) ?? -1]
          // No group waits for a later one; what is never stored does not leave its group.
          expect(from).toBeLessThanOrEqual(to)
          if (source.port === 'map') expect(from).toBe(to)
          const external = found.groups[to]?.externals.some(one => one.cell === source.cell && one.port === source.port)
          expect(external).toBe(from !== to)
          if (from !== to) expect(found.groups[from]?.exports).toContainEqual(source)
        }
      }
      for (const { cells: members, form } of found.groups) {
        if (members.length > 1) expect(form).toBe('items')
        for (const cell of members) expect(list[cell]?.mode ?? 'item').toBe(form === 'items' ? 'item' : form)
      }
    }),
    { numRuns: 300 },
  )
  expect(good).toBeGreaterThan(50)
})

describe('the three-stage ensemble', () => {
  it('is one segment for each use, and what comes after it', async () => {
    const groups = groupsOf(await graphOf(leafAndParent, { files: { 'pipelines/three-stage.yaml': threeStage } }))
    const steps = groups.map(group => [...new Set(group.map(address => address.replace(/\[.*/, '')))])
    expect(steps).toEqual([
      ['images'],
      ['tree'],
      [
        'leaf/propose',
        'leaf/proposals',
        'leaf/heads',
        'leaf/mean',
        'leaf/detections',
        'leaf/roi_masks',
        'leaf/masks',
        'lifted',
      ],
      [
        'parent/propose',
        'parent/proposals',
        'parent/heads',
        'parent/mean',
        'parent/detections',
        'parent/roi_masks',
        'parent/masks',
      ],
      ['all'],
      ['count'],
    ])
  })

  it('is two segments if only boxes are wanted of one of its uses', async () => {
    const files = { 'pipelines/three-stage.yaml': threeStage }
    const groups = groupsOf(await graphOf(leafAndParent, { files, targets: ['leaf.boxes', 'parent.instances'] }))
    expect(groups.map(group => group.length)).toEqual([1, 10, 10])
  })
})

const scales = (count: number) => `[${Array.from({ length: count }, (_, i) => 100 + i).join(', ')}]`
const large = (models: number, scaleCount: number) => `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../data/images } }
  propose:
    uses: detect/propose
    matrix: { model: [${Array.from({ length: models }, (_, i) => `../models/M${i}`).join(', ')}], scale: ${scales(scaleCount)}, flip: [none, horizontal] }
    with: { model: "\${matrix.model}", scale: "\${matrix.scale}", flip: "\${matrix.flip}" }
    in: { images: images.images }
  pooled: { uses: ensemble/proposals, over: [model, scale, flip], in: { proposals: propose.proposals } }
  heads: { uses: detect/boxes, matrix: propose, in: { features: propose.features, proposals: pooled.proposals } }
  mean: { uses: ensemble/boxes, over: [model, scale, flip], in: { boxes: heads.boxes } }
  detections: { uses: boxes/nms, in: { boxes: mean.boxes } }
  masks: { uses: detect/masks, matrix: propose, in: { features: propose.features, detections: detections.detections } }
  instances: { uses: ensemble/masks, over: [model, scale, flip], in: { masks: masks.masks, detections: detections.detections } }
outputs: { out: instances.instances }
`

describe('a large ensemble', () => {
  // Work that grows with the square of the cells shows here as minutes, not as a number that a slow machine misses.
  it.each([
    [12, 6, 437],
    [30, 28, 5045],
  ])('of %i models × %i scales × 2 flips compiles (%i cells)', async (models, scaleCount, cellCount) => {
    const files = Object.fromEntries(
      Array.from({ length: models }, (_, i) => [`models/M${i}/classes.txt`, `apple pear kiwi plum`]),
    )
    const { graph, problems } = await compiled(large(models, scaleCount), { files })
    expect(problems).toEqual([])
    const cells = graph?.groups.map(group => group.cells.length) ?? []
    expect(cells.reduce((sum, count) => sum + count, 0)).toBe(cellCount)
    expect(cells).toEqual([1, cellCount - 1])
  })
})
