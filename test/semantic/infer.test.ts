import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { batchProblems } from '../../engine/testing/batch-rule.ts'
import { registry } from '../../nodes/index.ts'
import type { Flip } from '../../nodes/kernels/box-geometry.ts'
import { flipPlane, transposePlane } from '../../nodes/kernels/plane-views.ts'
import { resizePlanes } from '../../nodes/kernels/resize-planes.ts'
import { sessionsResource } from '../../nodes/onnx/sessions.ts'
import type { OnnxSessions, RunRequest } from '../../nodes/onnx/tensor.ts'
import { semanticInfer } from '../../nodes/semantic/infer.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { cropImage } from '../../nodes/values/image-edits.ts'
import { readRgb } from '../../nodes/values/read-image.ts'
import type { Semantic } from '../../nodes/values/semantic.ts'
import { cityModel, cityRun, cityScene } from '../helpers/city-scene.ts'
import { runNode, type TestRun, testCheck } from '../helpers/run-context.ts'
import { demoModel } from '../helpers/scene.ts'
import { withDefaults } from '../helpers/with-defaults.ts'

let folder: string
let run: TestRun
const requests: RunRequest[] = []
const own: { [sha256: string]: string } = {}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-semantic-'))
  run = await cityRun()
  const known = run.context.sourcePath
  Object.assign(run.context, { sourcePath: (digest: string) => own[digest] ?? known(digest) })
  const sessions = await run.context.resource<OnnxSessions>(sessionsResource('cpu'), () =>
    Promise.reject(new Error('none')),
  )
  const runGraph = sessions.run
  sessions.run = request => {
    requests.push({ ...request, feeds: { ...request.feeds } })
    return runGraph(request)
  }
})
afterAll(async () => {
  await run.close()
  rmSync(folder, { recursive: true })
})

const infer = async (images: ImageRef, params: object = {}) =>
  (await runNode(semanticInfer, { images }, withDefaults(semanticInfer, { model: cityModel('C1'), ...params }), run))[
    'maps'
  ] as Semantic

/** A picture with these pixels, as a source file of its own. */
async function picture(rgb: Uint8Array, [height, width]: readonly [number, number]): Promise<ImageRef> {
  const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  const digest = sha256(bytes)
  own[digest] = join(folder, digest)
  writeFileSync(own[digest], bytes)
  return { sha256: digest, widthPx: width, heightPx: height, channels: 3, bitDepth: 8, format: 'png' }
}

describe('semantic/infer', () => {
  it('gives all maps and numbers of the model, at the size of the network', async () => {
    const { frameHw, maps, vectors } = await infer(cityScene('e1'))
    expect(frameHw).toEqual([160, 224])
    expect(Object.keys(maps).sort()).toEqual(['bce', 'dice'])
    expect(maps['bce']!.sizeHw).toEqual([40, 56])
    expect(maps['bce']!.values.length).toBe(40 * 56)
    expect([...vectors['image']!].map(value => Math.round(value))).toEqual([0, 1])
    expect(vectors['scale']!.length).toBe(1)
    // A roof and the ground beside it.
    expect(maps['bce']!.values[Math.floor(76 / 4) * 56 + Math.floor(34 / 4)]).toBeGreaterThan(0.9)
    expect(maps['bce']!.values[Math.floor(104 / 4) * 56 + Math.floor(34 / 4)]).toBeLessThan(0.1)
  })

  const views = (['none', 'horizontal', 'vertical', 'rotate-180'] as Flip[]).flatMap(flip =>
    [false, true].map(transpose => ({ flip, transpose })),
  )

  it.each(views)('brings $flip, transposed: $transpose, back as one does it by hand', async ({ flip, transpose }) => {
    const image = cropImage(cityScene('e1'), { x: 16, y: 8, widthPx: 96, heightPx: 64 })
    const { rgb } = await readRgb(image, run.context)
    const flipped = flipPlane(rgb, [64, 96], flip, 3)
    const shown = await picture(
      transpose ? transposePlane(flipped, [64, 96], 3) : flipped,
      transpose ? [96, 64] : [64, 96],
    )
    const byHand = (await infer(shown)).maps['bce']!.values as Float32Array
    const upright = transpose ? transposePlane(byHand, [24, 16]) : byHand
    const { maps } = await infer(image, { flip, transpose })
    expect(maps['bce']).toEqual({ sizeHw: [16, 24], values: flipPlane(upright, [16, 24], flip) })
    const published = (await infer(image, { flip, transpose, tta_inverse: 'published' })).maps['bce']!.values
    const isWrong = transpose && (flip === 'horizontal' || flip === 'vertical')
    const right = maps['bce']!.values
    if (!isWrong) expect(published).toEqual(right)
    // Of a picture that is not square the published order even mixes up the axes; of a square one it turns the map.
    else expect(published).not.toEqual(right)
  })

  it('pads to whole strides, and cuts the map where the picture ends', async () => {
    const image = cropImage(cityScene('e1'), { x: 0, y: 0, widthPx: 50, heightPx: 38 })
    const { maps } = await infer(image)
    expect(requests.at(-1)!.feeds['image']).toMatchObject({ dims: [1, 3, 40, 52] })
    expect(maps['bce']!.sizeHw).toEqual([38, 50])
  })

  it('shows the picture at the asked size and gives maps at the asked size and precision', async () => {
    const small = await infer(cityScene('e1'), { scale: { square: 64 } })
    expect(requests.at(-1)!.feeds['image']).toMatchObject({ dims: [1, 3, 64, 64] })
    expect(small.maps['bce']!.sizeHw).toEqual([16, 16])
    const large = await infer(cityScene('e1'), { scale: { square: 64 }, map_size: 'frame', precision: 'u8' })
    const plane = small.maps['bce']!.values as Float32Array
    const [expected] = resizePlanes([plane], [16, 16], [160, 224], 'torch')
    expect(large.maps['bce']).toEqual({
      sizeHw: [160, 224],
      values: Uint8Array.from(expected!, value => Math.trunc(value * 255)),
    })
    await infer(cityScene('e1'), { scale: 100 })
    expect(requests.at(-1)!.feeds['image']).toMatchObject({ dims: [1, 3, 100, 140] })
    expect(Object.keys((await infer(cityScene('e1'), { maps: ['dice'] })).maps)).toEqual(['dice'])
  })
})

describe('batches of semantic/infer', () => {
  const inputs = [
    { images: cityScene('e1') },
    { images: cityScene('e2') },
    { images: cropImage(cityScene('e1'), { x: 0, y: 0, widthPx: 64, heightPx: 64 }) },
    { images: cityScene('w1') },
  ]

  it.each(['C1', 'C2'] as const)('give what %s says of one picture alone, bit for bit', async name => {
    const params = withDefaults(semanticInfer, { model: cityModel(name) })
    expect(await batchProblems(semanticInfer, registry, inputs, params, () => run.context)).toEqual([])
    const sizes = requests
      .slice(-4)
      .map(({ feeds }) => (feeds['image'] as { readonly dims: readonly number[] }).dims[0])
    // Three of one size together, their first alone to compare, the small one alone.
    expect(sizes).toEqual([1, 3, 1, 1])
  })

  it('are given up, with a note, when the graph answers otherwise in company', async () => {
    const spoilt = await cityRun()
    const sessions = await spoilt.context.resource<OnnxSessions>(sessionsResource('cpu'), () =>
      Promise.reject(new Error('none')),
    )
    const runGraph = sessions.run
    const sizes: number[] = []
    sessions.run = async request => {
      const feed = request.feeds['image'] as { readonly dims: readonly number[] }
      sizes.push(feed.dims[0]!)
      const result = await runGraph(request)
      if (sizes.at(-1)! > 1) result.tensors['bce']!.data[3]! += 1e-6
      return result
    }
    const params = withDefaults(semanticInfer, { model: cityModel('C1') })
    const contexts = inputs.slice(0, 2).map(() => spoilt.context)
    const together = await semanticInfer.runBatch!(inputs.slice(0, 2) as never, params as never, contexts)
    expect(spoilt.notes).toEqual(['C1 answers otherwise in a batch than alone; it is shown one picture at a time'])
    for (const [i, { images }] of inputs.slice(0, 2).entries())
      expect(together[i]!['maps']).toEqual(await infer(images))
    await semanticInfer.runBatch!(inputs.slice(0, 2) as never, params as never, contexts)
    expect(sizes).toEqual([2, 1, 1, 1, 1])
    expect(spoilt.views).toBe(4)
    await spoilt.close()
  })

  it('are checked once for each size, since another size may be computed another way', async () => {
    const spoilt = await cityRun()
    const sessions = await spoilt.context.resource<OnnxSessions>(sessionsResource('cpu'), () =>
      Promise.reject(new Error('none')),
    )
    const runGraph = sessions.run
    const sizes: number[] = []
    sessions.run = async request => {
      const feed = request.feeds['image'] as { readonly dims: readonly number[] }
      sizes.push(feed.dims[0]!)
      const result = await runGraph(request)
      if (sizes.at(-1) === 2) result.tensors['bce']!.data[3]! += 1e-6
      return result
    }
    const params = withDefaults(semanticInfer, { model: cityModel('C1') })
    const images = [cityScene('e1'), cityScene('e2'), cityScene('w1')]
    const show = (shown: readonly ImageRef[]) =>
      semanticInfer.runBatch!(
        shown.map(one => ({ images: one })) as never,
        params as never,
        shown.map(() => spoilt.context),
      )
    await show(images)
    await show(images)
    expect(sizes).toEqual([3, 1, 3])
    const [first] = await show(images.slice(0, 2))
    expect(sizes).toEqual([3, 1, 3, 2, 1, 1])
    expect(first!['maps']).toEqual(await infer(cityScene('e1')))
    expect(spoilt.notes).toHaveLength(1)
    await spoilt.close()
  })
})

describe('the check of semantic/infer', () => {
  const check = async (params: object, change = (text: string) => text) => {
    const tested = testCheck({
      readFile: path => new TextEncoder().encode(change(readFileSync(path, 'utf8'))),
    })
    const types = await semanticInfer.types!({ scale: 'model', ...params } as never, tested.context)
    return { types, messages: tested.problems.map(({ message, fix }) => `${message.replace(/^\S+: /, '')} (${fix})`) }
  }

  it('gives the class list of each map', async () => {
    const building = { id: 'building', name: 'Building' }
    const { types, messages } = await check({ model: cityModel('C1') })
    expect(messages).toEqual([])
    expect(types).toEqual({
      maps: {
        maps: [
          { name: 'bce', classes: [building] },
          { name: 'dice', classes: [building] },
        ],
      },
    })
    expect((await check({ model: cityModel('C1'), maps: ['bce'] })).types).toEqual({
      maps: { maps: [{ name: 'bce', classes: [building] }] },
    })
  })

  it.each<[string, [string, string], string]>([
    [
      'a channel that is not there',
      ['index: 1', 'index: 2'],
      'net.onnx: bce has 2 channels, but class building of map bce has index 2 (expected an index from 0 to 1)',
    ],
    [
      'an output that is not there',
      ['output: dice', 'output: dise'],
      'net.onnx has no output dise (its outputs are bce, dice, image_logits, scale)',
    ],
    [
      'softmax over one channel',
      ['activation: sigmoid', 'activation: softmax'],
      'net.onnx: softmax over the one channel of dice is always 1 (one channel wants the activation sigmoid)',
    ],
    ['a name given twice', ['name: dice', 'name: bce'], 'model.yaml:18:13: bce is there twice (undefined)'],
    [
      'another family',
      ['family: semantic', 'family: two-stage'],
      'model.yaml:5:9: this is a two-stage model; expected semantic (show it pictures with detect/propose)',
    ],
    [
      'a wrong input',
      ['name: image\n  channel', 'name: picture\n  channel'],
      'net.onnx has no input picture (its inputs are image)',
    ],
  ])('reports %s', async (_, [from, to], message) => {
    expect((await check({ model: cityModel('C1') }, text => text.replace(from, to))).messages).toContain(message)
  })

  it('reports a map that the model lacks, and a detector', async () => {
    expect((await check({ model: cityModel('C1'), maps: ['bse'] })).messages).toEqual([
      'the model has no map bse (its maps are bce, dice)',
    ])
    expect((await check({ model: demoModel('P1') })).messages).toEqual([
      'model.yaml:5:9: this is a two-stage model; expected semantic (show it pictures with detect/propose)',
    ])
  })
})
