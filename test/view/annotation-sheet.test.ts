import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { viewAnnotationSheet } from '../../nodes/view/annotation-sheet.ts'
import { collectionOf, typedRun } from '../helpers/collections.ts'
import { demoImages } from '../helpers/demo-images.ts'
import { demoTruth } from '../helpers/demo-truth.ts'
import { boxInstances } from '../helpers/instances.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

describe('view/annotation-sheet', async () => {
  const { file, types, instances } = await demoTruth()
  const { refs, sources } = await demoImages(file)

  async function sheet(given: object, params: object = {}, images: object = refs) {
    const run = typedRun({ instances: [types] }, { sources })
    const inputs = { images: collectionOf(images as never), instances: collectionOf(given as never) }
    const drawn = await viewAnnotationSheet.run(
      inputs as never,
      withDefaults(viewAnnotationSheet, params) as never,
      run.context,
    )
    const bytes = (drawn as { file: Uint8Array }).file
    const { data, info } = await sharp(bytes).raw().toBuffer({ resolveWithObject: true })
    return { bytes, data, width: info.width, height: info.height, notes: run.notes }
  }

  it('draws twenty by lot: the same for one seed, others for another', async () => {
    const first = await sheet(instances)
    expect([first.width, first.height]).toEqual([8 + 5 * 248, 8 + 4 * 260])
    expect(first.notes).toEqual([])
    expect((await sheet(instances)).bytes).toEqual(first.bytes)
    expect((await sheet(instances, { seed: 1 })).bytes).not.toEqual(first.bytes)
  })

  it('cuts out the annotation and colours its mask', async () => {
    const id = Object.keys(refs)[0]!
    const { widthPx, heightPx } = refs[id]!
    const one = boxInstances([heightPx, widthPx], [{ box: [100, 100, 140, 140] }])
    const params = { tile_px: 160, context: 0.5, annotations: 1 }
    const { data, width, height } = await sheet({ [id]: one }, params)
    // The window is 80 × 80 pixels at twice their size: the box covers 40 … 120 of the tile.
    expect([width, height]).toEqual([8 + 168, 8 + 180])
    const at = (x: number, y: number) => [...data.subarray(3 * ((20 + y) * width + 8 + x)).subarray(0, 3)]
    const edge = at(40, 80)
    const strong = Math.max(...edge) - Math.min(...edge)
    expect(strong).toBeGreaterThan(60)
  })

  it('leaves out, and counts, what has no picture of its size', async () => {
    const [a, b] = Object.keys(refs)
    const given = { [a!]: instances[a!], [b!]: boxInstances([7, 7], [{ box: [0, 0, 2, 2] }]), none: instances[a!] }
    const { notes } = await sheet(given)
    expect(notes).toEqual([
      `${1 + instances[a!]!.labels.length} annotations cannot be drawn: there is no image of their size`,
    ])
  })

  it('is a sheet that says so when there are none', async () => {
    const { width, height } = await sheet({})
    expect([width, height]).toEqual([256, 268])
  })
})
