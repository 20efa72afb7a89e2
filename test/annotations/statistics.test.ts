import { describe, expect, it } from 'vitest'
import { annotationsStatistics } from '../../nodes/annotations/statistics.ts'
import { emptyMasks } from '../../nodes/kernels/mask-sets.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import { type Table, tableKind } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, typedRun } from '../helpers/collections.ts'
import { demoTruth } from '../helpers/demo-truth.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode } from '../helpers/run-context.ts'

type Found = { classes: Table; pairs: Table; images: Table; metrics: Metrics }

async function count(instances: { [id: string]: Instances }, classes = classesOf('a', 'b', 'c', 'd'), pairs = 50) {
  const run = typedRun({ instances: [classes] })
  const found = (await runNode(annotationsStatistics, { instances: collectionOf(instances) }, { pairs }, run)) as Found
  tableKind.encode(found.classes)
  return found
}

const cell = (table: Table, row: number, column: string) => table.rows[row]![table.columns.indexOf(column)]

describe('annotations/statistics', () => {
  const box = (label: number, side: number) => ({ label, box: [0, 0, side, side] as [number, number, number, number] })
  const small = {
    x: boxInstances([20, 30], [box(0, 2), box(0, 4), box(1, 10)]),
    y: boxInstances([20, 20], [box(1, 3), box(2, 5), box(1, 1)]),
    z: boxInstances([20, 20], []),
  }

  it('ranks classes, ties by label, and keeps those without instances', async () => {
    const { classes } = await count(small)
    const picked = classes.rows.map(row => row.slice(0, 9))
    expect(picked).toEqual([
      [1, 'b', 'b', 3, 0.5, 2, 2 / 3, 1.5, 2],
      [2, 'a', 'a', 2, 2 / 6, 1, 1 / 3, 2, 2],
      [3, 'c', 'c', 1, 1 / 6, 1, 1 / 3, 1, 1],
      [4, 'd', 'd', 0, 0, 0, 0, null, 0],
    ])
    // Areas of b: 1, 9, 100; numpy.quantile at 0.1, 0.25, 0.5, 0.75, 0.9.
    const areas = classes.rows[0]!.slice(9) as number[]
    for (const [i, expected] of [1, 2.6, 5, 9, 54.5, 81.8, 100].entries()) expect(areas[i]).toBeCloseTo(expected, 10)
    expect(classes.rows[3]!.slice(9)).toEqual(Array(7).fill(null))
  })

  it('counts pairs of classes once for each image, with how much more often than by chance', async () => {
    const { pairs } = await count(small)
    expect(pairs.rows).toEqual([
      ['a', 'b', 1, 1, 0.5, 1.5],
      ['b', 'c', 1, 0.5, 1, 1.5],
    ])
    expect((await count(small, undefined, 1)).pairs.rows).toHaveLength(1)
  })

  it('describes images and the whole, masks without a pixel apart', async () => {
    const withEmpty = { ...small, w: { ...boxInstances([9, 9], [box(3, 2)]), masks: emptyMasks([9, 9], 1) } }
    const { images, metrics, classes } = await count(withEmpty)
    expect(images.rows).toEqual([
      ['w', 9, 9, 1, 1],
      ['x', 30, 20, 3, 2],
      ['y', 20, 20, 3, 2],
      ['z', 20, 20, 0, 0],
    ])
    expect(metrics['all']).toEqual({
      images: 4,
      images_without: 1,
      instances: 7,
      without_pixels: 1,
      classes: 4,
      classes_without: 0,
      most_to_least: 3,
    })
    expect(metrics['instances in an image']).toMatchObject({ least: 0, median: 2, mean: 1.75, most: 3 })
    expect(cell(classes, 3, 'area_median')).toBeNull()
  })

  it('draws what is asked for, the same bytes each time', async () => {
    const plots = ['classes_plot', 'areas_plot', 'per_image_plot', 'together_plot']
    const draw = async (wanted: readonly string[], given: { [id: string]: Instances } = small) => {
      const run = typedRun({ instances: [classesOf('a', 'b', 'c', 'd')] }, { wanted })
      return await runNode(annotationsStatistics, { instances: collectionOf(given) }, { pairs: 5 }, run)
    }
    expect(Object.keys(await draw([])).some(port => port.endsWith('_plot'))).toBe(false)
    const first = await draw(plots)
    expect(await draw(plots)).toEqual(first)
    const svg = (port: string) => new TextDecoder().decode(first[port] as Uint8Array)
    for (const port of plots) expect(svg(port)).toMatch(/^<svg[\s\S]*<\/svg>\n$/)
    expect(svg('classes_plot')).toContain('>b<')
    expect(svg('together_plot')).toContain('Classes in one image')
    const empty = await draw(plots, {})
    for (const port of plots) expect((empty[port] as Uint8Array).length).toBeGreaterThan(100)
  })

  it('lists the classes of each image for rebalancing', async () => {
    const { image_classes } = (await count(small)) as Found & { image_classes: Table }
    expect(image_classes).toEqual({
      columns: ['image', 'class', 'instances'],
      rows: [
        ['x', 'a', 2],
        ['x', 'b', 1],
        ['y', 'b', 2],
        ['y', 'c', 1],
      ],
    })
  })

  it('has nothing to say about nothing', async () => {
    const { classes, pairs, metrics } = await count({})
    expect(classes.rows.map(row => row[3])).toEqual([0, 0, 0, 0])
    expect(pairs.rows).toEqual([])
    expect(metrics['all']).toMatchObject({ images: 0, most_to_least: null })
  })

  it('agrees with the demo’s own description of itself', async () => {
    const { types, instances } = await demoTruth()
    const { classes } = await count(instances as { [id: string]: Instances }, types)
    const counts = classes.rows.map(row => `${row[2]} ${row[3]}`).join(', ')
    expect(counts).toBe(
      'Car 30, Apple 26, Cat 21, Bus 20, Dog 17, Orange 14, Banana 9, Truck 7, Strawberry 4, Bicycle 4, Tiger 4, Fox 3',
    )
  })
})
