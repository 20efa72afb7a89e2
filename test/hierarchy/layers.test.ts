import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hierarchyLayer } from '../../nodes/hierarchy/layer.ts'
import { hierarchyLevels } from '../../nodes/hierarchy/levels.ts'
import type { Detections } from '../../nodes/values/detections.ts'
import type { Hierarchy } from '../../nodes/values/hierarchy.ts'
import { classesOfLevels, levelsOfEach } from '../../nodes/values/hierarchy-levels.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

/** Class id → its parent's, `root` for the top: a small tree as the published code has it in memory. */
type Tree = { readonly [id: string]: string }

/** Toys and animals; Stone has no children; ids are not in order on purpose. */
const tree: Tree = {
  '/m/9toy': 'root',
  '/m/1animal': 'root',
  '/m/5stone': 'root',
  '/m/7ball': '/m/9toy',
  '/m/3carnivore': '/m/1animal',
  '/m/8cat': '/m/3carnivore',
  '/m/2dog': '/m/3carnivore',
}
const ids = Object.keys(tree)

function hierarchyOf(parents: { readonly [id: string]: readonly string[] }): Hierarchy {
  const all = Object.keys(parents)
  return {
    ...classesOf(...all),
    parents: all.map(id => parents[id]!.map(parent => all.indexOf(parent)).sort((a, b) => a - b)),
  }
}

const hierarchy = hierarchyOf(
  Object.fromEntries(Object.entries(tree).map(([id, parent]) => [id, parent === 'root' ? [] : [parent]])),
)

/**
 * The rules of yu4u's create_dataset, read again: level sets, overlap with rows of the layer, parents up to twice, grey
 * boxes. Boxes are [x1, y1, x2, y2].
 */
function plainLayer(rows: readonly { id: string; box: readonly number[] }[], layer: 0 | 1) {
  const levelOf = (id: string): number => (tree[id] === 'root' ? 0 : levelOf(tree[id]!) + 1)
  const inLayer = ids.filter(id => (layer === 0 ? levelOf(id) === 0 : levelOf(id) > 0)).sort()
  const hasChildren = (id: string) => ids.some(other => tree[other] === id)
  const rects = rows.filter(({ id }) => inLayer.includes(id)).map(({ box }) => box)
  const kept: { category: number; box: readonly number[] }[] = []
  const grey: (readonly number[])[] = []
  for (const { id, box } of rows) {
    let label = id
    if (layer === 1 && levelOf(label) === 0 && !hasChildren(label)) continue
    if (!inLayer.includes(label)) {
      let overlap = 0
      for (const rect of rects) {
        const w = Math.min(box[2]!, rect[2]!) - Math.max(box[0]!, rect[0]!)
        const h = Math.min(box[3]!, rect[3]!) - Math.max(box[1]!, rect[1]!)
        const inside = w > 0 && h > 0 ? w * h : 0
        overlap = Math.max(overlap, inside / ((rect[2]! - rect[0]!) * (rect[3]! - rect[1]!)))
      }
      if (overlap > 0.25) continue
    }
    if (layer === 0) {
      for (let times = 0; times < 2; times++) if (tree[label] !== 'root') label = tree[label]!
    }
    if (inLayer.includes(label)) kept.push({ category: inLayer.indexOf(label) + 1, box })
    else grey.push(box)
  }
  return { kept, grey }
}

async function layerOf(
  rows: readonly { id: string; box: readonly number[] }[],
  params: object,
  tree: Hierarchy = hierarchy,
): Promise<{ instances: Instances; hidden: Detections }> {
  const known = tree.classes.map(({ id }) => id)
  const instances = boxInstances(
    [40, 40],
    rows.map(({ id, box }) => ({ label: known.indexOf(id), box: box as [number, number, number, number] })),
  )
  const run = typedRun({ instances: [{ classes: tree.classes }] })
  const outputs = await runNode(
    hierarchyLayer,
    { instances, hierarchy: tree },
    withDefaults(hierarchyLayer, params),
    run,
  )
  return outputs as { instances: Instances; hidden: Detections }
}

const quads = (boxesXyxy: Float64Array) =>
  Array.from({ length: boxesXyxy.length / 4 }, (_, i) => [...boxesXyxy.subarray(4 * i, 4 * i + 4)])

describe('hierarchy/levels', () => {
  it('cuts layers by depth, sorted by id', async () => {
    const outputs = await runNode(hierarchyLevels, { hierarchy }, { levels: [1, 2] })
    expect(outputs['classes']).toEqual(classesOf('/m/2dog', '/m/3carnivore', '/m/7ball', '/m/8cat'))
    expect(outputs['table']).toMatchObject({
      rows: [
        [1, '/m/2dog', '/m/2dog', '2', '/m/3carnivore'],
        [2, '/m/3carnivore', '/m/3carnivore', '1', '/m/1animal'],
        [3, '/m/7ball', '/m/7ball', '1', '/m/9toy'],
        [4, '/m/8cat', '/m/8cat', '2', '/m/3carnivore'],
      ],
    })
    expect(classesOfLevels(hierarchy, [0]).map(({ id }) => id)).toEqual(['/m/1animal', '/m/5stone', '/m/9toy'])
  })

  it('gives a class with two ways up both levels, and lists it once', () => {
    const bear = hierarchyOf({ teddy: ['toy', 'bear'], toy: [], bear: ['animal'], animal: [] })
    expect(levelsOfEach(bear)).toEqual([[1, 2], [0], [1], [0]])
    expect(classesOfLevels(bear, [1, 2]).map(({ id }) => id)).toEqual(['bear', 'teddy'])
  })

  it('reports a level that is not there', async () => {
    const check = testCheck({ inputs: { hierarchy: [hierarchy] } })
    await hierarchyLevels.types!({ levels: [3] } as never, check.context)
    expect(check.problems).toEqual([
      { param: 'levels', message: 'no class is at level 3', fix: 'the levels of this hierarchy are 0 to 2' },
    ])
    await expect(async () => runNode(hierarchyLevels, { hierarchy }, { levels: [3] })).rejects.toThrow('no class')
  })
})

describe('hierarchy/layer', () => {
  it('equals the published rules on any annotations', async () => {
    const corner = integer({ min: 0, max: 20 })
    const side = integer({ min: 1, max: 20 })
    const row = tuple(constantFrom(...ids), corner, corner, side, side).map(([id, x, y, w, h]) => ({
      id,
      box: [x, y, x + w, y + h],
    }))
    const cases: [{ id: string; box: number[] }[], 0 | 1][] = []
    assert(
      property(array(row, { maxLength: 8 }), constantFrom<0 | 1>(0, 1), (rows, layer) => {
        cases.push([rows, layer])
      }),
      { numRuns: 300 },
    )
    let greyed = 0
    let dropped = 0
    for (const [rows, layer] of cases) {
      const { kept, grey } = plainLayer(rows, layer)
      const { instances, hidden } = await layerOf(rows, { levels: layer === 0 ? [0] : [1, 2] })
      expect([...instances.labels].map(label => label + 1)).toEqual(kept.map(({ category }) => category))
      expect(quads(instances.boxesXyxy)).toEqual(kept.map(({ box }) => box))
      expect(quads(hidden.boxesXyxy)).toEqual(grey)
      greyed += grey.length
      dropped += rows.length - kept.length - grey.length
    }
    expect(greyed).toBeGreaterThan(50)
    expect(dropped).toBeGreaterThan(50)
  })

  it('drops what covers more than a quarter, not what covers a quarter', async () => {
    const animal = (box: number[]) => [
      { id: '/m/1animal', box },
      { id: '/m/8cat', box: [0, 0, 10, 10] },
    ]
    expect((await layerOf(animal([5, 5, 20, 20]), { levels: [1, 2] })).hidden.labels).toHaveLength(1)
    expect((await layerOf(animal([5, 4, 20, 20]), { levels: [1, 2] })).hidden.labels).toHaveLength(0)
    expect((await layerOf(animal([5, 4, 20, 20]), { levels: [1, 2], covered: 0.3 })).hidden.labels).toHaveLength(1)
  })

  it('makes a class of several parents all of them, or the one that is chosen', async () => {
    const bear = hierarchyOf({ teddy: ['toy', 'bear'], toy: [], bear: ['animal'], animal: [] })
    const rows = [{ id: 'teddy', box: [0, 0, 5, 5] }]
    const labels = async (params: object) => [
      ...(await layerOf(rows, { levels: [0], ...params }, bear)).instances.labels,
    ]
    expect(await labels({})).toEqual([0, 1])
    expect(await labels({ parent_of: { teddy: 'toy' } })).toEqual([1])
    expect(await labels({ parent_of: { teddy: 'bear' } })).toEqual([0])
  })

  it('reports parents that are none, and classes the hierarchy lacks', async () => {
    const check = testCheck({ inputs: { instances: [classesOf('/m/8cat', 'x')], hierarchy: [hierarchy] } })
    const params = { levels: [0], parent_of: { '/m/8cat': '/m/9toy', y: 'z' }, covered: 0.25 }
    expect(await hierarchyLayer.types!(params as never, check.context)).toMatchObject({
      instances: { classes: classesOf('/m/1animal', '/m/5stone', '/m/9toy').classes },
      hidden: classesOf('/m/8cat', 'x'),
    })
    expect(check.problems).toMatchObject([
      { param: 'parent_of', message: '/m/9toy is no parent of /m/8cat', fix: 'its parents are /m/3carnivore' },
      { param: 'parent_of', message: 'there is no class y' },
      { input: 'instances' },
    ])
  })
})
