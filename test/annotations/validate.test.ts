import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert, property } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { annotationsCoco } from '../../nodes/annotations/coco.ts'
import { checkInstances } from '../../nodes/annotations/findings.ts'
import { annotationsKaggleRle } from '../../nodes/annotations/kaggle-rle.ts'
import { annotationsValidate } from '../../nodes/annotations/validate.ts'
import { maskBoxesXyxy } from '../../nodes/kernels/rle.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import type { Metrics } from '../../nodes/values/metrics.ts'
import type { Table } from '../../nodes/values/table.ts'
import { classesOf, collectionOf, scatter, typedRun } from '../helpers/collections.ts'
import { demoPath } from '../helpers/demo.ts'
import { denseMasks, drawn, encoded } from '../helpers/dense-masks.ts'
import { boxInstances } from '../helpers/instances.ts'
import { testRun } from '../helpers/run-context.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

const folder = mkdtempSync(join(tmpdir(), 'maskloom-validate-'))
let files = 0

interface Given {
  readonly instances: { readonly [id: string]: Instances }
  readonly images?: { readonly [id: string]: ImageRef }
  readonly problems?: { readonly [id: string]: Table }
}

async function validate(given: Given, params: object = {}, classes = classesOf('cat', 'dog')) {
  const run = typedRun({ instances: [classes] })
  const inputs = {
    instances: collectionOf(given.instances),
    ...(given.images && { images: collectionOf(given.images) }),
    ...(given.problems && { problems: collectionOf(given.problems) }),
  }
  const outputs = await annotationsValidate.run(
    inputs as never,
    withDefaults(annotationsValidate, params) as never,
    run.context,
  )
  const { findings, metrics } = outputs as { findings: Table; metrics: Metrics }
  return { rows: findings.rows, metrics, notes: run.notes }
}

const short = (rows: Table['rows']) => rows.map(([item, instance, , what]) => [item, instance, what].join(' '))

const image = (widthPx: number, heightPx: number, digit = 'a'): ImageRef => ({
  sha256: digit.repeat(64),
  widthPx,
  heightPx,
  channels: 3,
  bitDepth: 8,
  format: 'png',
})

describe('annotations/validate', () => {
  const limits = { boxTolerancePx: 2, similarIou: 0.8, smallPx: 3, maxParts: 1 }

  it('says nothing about good annotations', async () => {
    const good = boxInstances([20, 30], [{ box: [0, 0, 5, 5] }, { box: [4, 4, 9, 9], label: 1 }])
    const { rows, metrics } = await validate({ instances: { x: good }, images: { x: image(30, 20) } })
    expect(rows).toEqual([])
    expect(metrics['all']).toEqual({ images: 1, instances: 2, errors: 0, warnings: 0 })
  })

  it('finds each kind of damage of an instance, with what was measured', () => {
    const masks = encoded(
      drawn('####../####../####../####../......'),
      drawn('####../####../####../####../......'),
      drawn('####../####../####../###.../......'),
      drawn('....../....../....../....../....##'),
      drawn('#...../....../....../....../#####.'),
      drawn('....../....../....../....../......'),
      drawn('##..../##..../..##../..##../......'),
    )
    const boxesXyxy = maskBoxesXyxy(masks)
    boxesXyxy[4 * 6 + 2] = 6.5
    const findings = checkInstances(
      {
        sizeHw: [5, 6],
        boxesXyxy,
        scores: new Float64Array(7).fill(1),
        labels: Int32Array.of(0, 0, 1, 0, 0, 0, 0),
        masks,
      },
      limits,
    )
    expect(findings.map(({ what, instance, measured, limit }) => [instance, what, measured, limit])).toEqual([
      [1, 'duplicate-mask', 1, 1],
      [2, 'similar-mask', 15 / 16, 0.8],
      [3, 'small-mask', 2, 3],
      [4, 'several-parts', 2, 1],
      [5, 'empty-mask', 0, 1],
      [6, 'box-mismatch', 2.5, 2],
    ])
    expect(findings[0]!.message).toBe('the mask equals that of instance 0')
    expect(findings[5]!.message).toBe('the box is 0 0 6.5 4, that of the mask 0 0 4 4 (x1 y1 x2 y2)')
  })

  it('finds twins as a plain comparison of all pairs does', () => {
    assert(
      property(denseMasks(4, 4), dense => {
        const masks = encoded(...dense)
        const found = checkInstances(
          {
            sizeHw: masks.sizeHw,
            boxesXyxy: maskBoxesXyxy(masks),
            scores: new Float64Array(4).fill(1),
            labels: new Int32Array(4),
            masks,
          },
          { boxTolerancePx: 0, similarIou: 0.5, smallPx: 0, maxParts: 99 },
        )
        const expected = dense.flatMap(({ pixels }, i) => {
          if (!pixels.includes(1)) return [`${i} empty-mask`]
          const ious = dense.slice(0, i).map(other => {
            const both = pixels.filter((value, k) => value && other.pixels[k]).length
            const any = pixels.filter((value, k) => value || other.pixels[k]).length
            return both / any
          })
          const best = Math.max(0, ...ious)
          if (best < 0.5) return []
          return [`${i} ${best === 1 ? 'duplicate-mask' : 'similar-mask'}`]
        })
        expect(found.map(({ instance, what }) => `${instance} ${what}`)).toEqual(expected)
      }),
    )
  })

  it('leaves boxes and parts of crowd regions alone', () => {
    const masks = encoded(drawn('#..#/....'))
    const region: Instances = {
      sizeHw: [2, 4],
      boxesXyxy: Float64Array.of(0, 0, 1, 1),
      scores: Float64Array.of(1),
      labels: Int32Array.of(0),
      masks,
      crowd: Uint8Array.of(1),
    }
    expect(checkInstances(region, { ...limits, smallPx: 0 })).toEqual([])
  })

  it('compares items with images: none on either side, another size, one file twice', async () => {
    const own = (sizeHw: [number, number]) => boxInstances(sizeHw, [{ box: [0, 0, 5, 5] }])
    const { rows } = await validate({
      instances: { a: own([9, 9]), b: own([9, 8]), c: boxInstances([9, 9], []), stray: own([9, 9]) },
      images: { a: image(9, 9, 'a'), b: image(9, 9, 'b'), c: image(9, 9, 'a'), d: image(9, 9, 'd') },
    })
    expect(short(rows)).toEqual([
      'b  frame-size',
      'c  no-annotations',
      'c  duplicate-image',
      'd  no-annotations',
      'stray  no-image',
    ])
    expect(rows.find(row => row[0] === 'b')!.at(-1)).toBe(
      'the annotations are for 8 × 9 pixels, the image has 9 × 9 (width × height)',
    )
  })

  it('takes over what the reader found, and does not call an image empty for that', async () => {
    const problems = {
      x: { columns: ['what', 'image', 'message'], rows: [['bad-mask', 'x', 'train.csv, row 2: too long']] },
    }
    const { rows, notes } = await validate({ instances: { x: boxInstances([9, 9], []) }, problems })
    expect(rows).toEqual([['x', null, null, 'bad-mask', 'error', null, null, 'train.csv, row 2: too long']])
    expect(notes).toEqual(['1 images, 0 instances: 1 bad-mask'])
  })

  it('lists items that could not be read at all', async () => {
    const whole = collectionOf({ a: boxInstances([9, 9], [{ box: [0, 0, 5, 5] }]) })
    const instances = { ...whole, ids: ['a', 'b'], failed: new Set(['b']) }
    const run = typedRun({ instances: [classesOf('cat')] })
    const params = withDefaults(annotationsValidate, {})
    const { findings } = (await annotationsValidate.run({ instances } as never, params as never, run.context)) as {
      findings: Table
    }
    expect(short(findings.rows)).toEqual(['b  unreadable'])
  })

  it('ends the run when told, with places; what is ignored does not count', async () => {
    const twins = { x: boxInstances([9, 9], [{ box: [0, 0, 2, 2] }, { box: [0, 0, 2, 2] }]) }
    await expect(validate({ instances: twins }, { fail_on: 'errors' })).rejects.toThrow(
      'the annotations have 1 errors:\nx, instance 1: duplicate-mask, the mask equals that of instance 0',
    )
    await expect(validate({ instances: twins }, { fail_on: 'any' })).rejects.toThrow('have 3 findings')
    const { metrics } = await validate({ instances: twins }, { fail_on: 'errors', ignore: ['duplicate-mask'] })
    expect(metrics['all']).toMatchObject({ errors: 0, warnings: 2 })
  })
})

describe('damaged copies of the demo', () => {
  interface File {
    images: { id: number; file_name: string; width: number; height: number }[]
    categories: { id: number; mid: string }[]
    annotations: {
      id: number
      image_id: number
      category_id: number
      bbox?: number[]
      segmentation?: unknown
      area?: number
    }[]
  }
  const original = readFileSync(demoPath('annotations.json'), 'utf8')
  const sizes = (file: File) =>
    Object.fromEntries(
      file.images.map(({ id, file_name, width, height }) => [
        file_name.replace('.jpg', ''),
        { ...image(width, height), sha256: String(id).padStart(64, '0') },
      ]),
    )

  async function check(file: File, images = sizes(JSON.parse(original))) {
    const path = join(folder, `${files++}.json`)
    writeFileSync(path, JSON.stringify(file))
    const params = withDefaults(annotationsCoco, { path: { path, sha256: '' }, class_id: 'mid', problems: 'report' })
    const items = await scatter(annotationsCoco, {}, params, testRun())
    const column = (port: string) => Object.fromEntries(items.map(({ id, outputs }) => [id, outputs[port]]))
    const classes = classesOf(...file.categories.map(({ mid }) => mid))
    const given = { instances: column('instances'), problems: column('problems'), images } as unknown as Given
    return await validate(given, { max_parts: 99 }, classes)
  }

  it('are found fault with only where they were damaged, each damage once', async () => {
    expect((await check(JSON.parse(original))).rows).toEqual([])
    const file = JSON.parse(original) as File
    const [a, b, c, d, e, f, g, h, i, j, k] = file.annotations.filter((_, at) => at % 13 === 0)
    const nameOf = (imageId: number) => file.images.find(({ id }) => id === imageId)!.file_name.replace('.jpg', '')
    const expected: [string, string][] = []
    const expectAt = (what: string, imageId: number) => expected.push([nameOf(imageId), what])
    a!.category_id = 99
    expectAt('unknown-label', a!.image_id)
    delete b!.segmentation
    expectAt('missing-mask', b!.image_id)
    c!.segmentation = { size: [10, 10], counts: [100] }
    expectAt('mask-size', c!.image_id)
    d!.segmentation = { ...(d!.segmentation as object), counts: [1_000_000] }
    expectAt('bad-mask', d!.image_id)
    e!.bbox![0]! += 7
    expectAt('box-mismatch', e!.image_id)
    f!.bbox = [1, 2, -3, 4]
    expectAt('bad-box', f!.image_id)
    file.annotations.push({ ...g!, id: 5001 })
    expectAt('duplicate-mask', g!.image_id)
    h!.segmentation = { size: (h!.segmentation as { size: number[] }).size, counts: [76800] }
    expectAt('empty-mask', h!.image_id)
    file.annotations.push({ ...i!, id: 5002, image_id: 777 })
    expected.push(['null', 'unknown-image'])
    j!.area = -3
    expectAt('bad-row', j!.image_id)
    k!.segmentation = [[5, 5, 5, 45, 500, 45, 500, 5]]
    k!.bbox = [5, 5, file.images.find(({ id }) => id === k!.image_id)!.width - 5, 40]
    expectAt('outside-frame', k!.image_id)

    const { rows, metrics } = await check(file)
    const found = rows.map(([item, , , what]) => `${item} ${what}`).sort()
    expect(found).toEqual(expected.map(([item, what]) => `${item} ${what}`).sort())
    expect(metrics['all']).toMatchObject({ images: 24, errors: 11, warnings: 0 })
    for (const row of rows.filter(([, instance]) => instance === null)) {
      expect(row.at(-1)).toMatch(/^\d+\.json, annotation \d+/)
    }
  })

  it('are found as well in the layout of run lengths, all in one go', async () => {
    const lines = readFileSync(demoPath('nuclei/train.csv'), 'utf8').trimEnd().split('\n')
    const read = async (text: string) => {
      const path = join(folder, `${files++}.csv`)
      writeFileSync(path, text)
      const params = withDefaults(annotationsKaggleRle, {
        path: { path, sha256: '' },
        order: 'row-major',
        classes: ['shsy5y', 'astro', 'cort'],
        class_column: 'cell_type',
        width_column: 'width',
        height_column: 'height',
        problems: 'report',
      })
      const items = await scatter(annotationsKaggleRle, {}, params, testRun())
      const column = (port: string) => Object.fromEntries(items.map(({ id, outputs }) => [id, outputs[port]]))
      const given = { instances: column('instances'), problems: column('problems') } as unknown as Given
      return await validate(given, { max_parts: 99 }, classesOf('shsy5y', 'astro', 'cort'))
    }
    const before = (await read(lines.join('\n'))).rows
    const damaged = [...lines]
    const change = (row: number, by: (cells: string[]) => void) => {
      const cells = damaged[row]!.split(',')
      by(cells)
      damaged[row] = cells.join(',')
    }
    change(3, cells => (cells[1] = '49000 9999'))
    change(5, cells => (cells[4] = 'glia'))
    change(7, cells => (cells[2] = '255'))
    change(9, cells => (cells[1] += ' 7'))
    change(11, cells => cells.push('more', 'cells'))
    damaged[13] = damaged[13]!.split(',').slice(0, 3).join(',')
    damaged.push(damaged[20]!)
    const { rows } = await read(damaged.join('\r\n'))
    const added = short(rows).filter(row => !short(before).includes(row))
    const at = (row: number) => lines[row]!.split(',')[0]
    expect(added.map(row => row.replace(/ \d* ?/, ' ').replace('  ', ' ')).sort()).toEqual(
      [
        `${at(3)} bad-mask`,
        `${at(5)} unknown-label`,
        `${at(7)} mask-size`,
        `${at(9)} bad-mask`,
        // Rows that are cut or have too many cells name no image for sure.
        ' bad-row',
        ' bad-row',
        `${at(20)} duplicate-mask`,
      ].sort(),
    )
  })
})
