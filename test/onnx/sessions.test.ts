import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createSession, type InferenceSession, loadOnnxruntime } from '../../nodes/onnx/runtime.ts'
import { createSessionHost } from '../../nodes/onnx/session-host.ts'
import type { OnnxSessions, Tensor } from '../../nodes/onnx/tensor.ts'
import { demoModel } from '../helpers/scene.ts'

const model = demoModel('L1').path
const features = ['feat0', 'feat1', 'feat2', 'feat3']

const picture = (): Tensor => ({
  dims: [1, 3, 64, 96],
  data: Float32Array.from({ length: 3 * 64 * 96 }, (_, i) => Math.sin(i)),
})
const rois = (): Tensor => ({ dims: [2, 4], data: new Float32Array([0, 0, 32, 32, 10, 10, 60, 50]) })
const backbone = (fetch: string[], keep: string[]) => ({
  modelPath: join(model, 'backbone.onnx'),
  feeds: { image: picture() },
  fetch,
  keep,
})
const head = (handle: number, feed = rois()) => ({
  modelPath: join(model, 'box.onnx'),
  feeds: { ...Object.fromEntries(features.map(output => [output, { handle, output }])), rois: feed },
  fetch: ['class_logits'],
  keep: [],
})

/** The built client: a thread cannot be started from TypeScript sources. `npm test` builds first. */
async function openThread(): Promise<OnnxSessions> {
  const built = new URL('../../dist/nodes/onnx/sessions.js', import.meta.url).href
  const { openOnnxThread } = (await import(built)) as typeof import('../../nodes/onnx/sessions.ts')
  return openOnnxThread('cpu')
}

describe.each<[string, () => Promise<OnnxSessions>]>([
  ['on this thread', async () => createSessionHost('cpu')],
  ['on a thread of their own', openThread],
])('sessions %s', (_where, open) => {
  let sessions: OnnxSessions
  beforeAll(async () => {
    sessions = await open()
  })
  afterAll(() => sessions.close())

  it('bring back the outputs asked for and keep the others for the next graph', async () => {
    const { tensors, handle, handleBytes } = await sessions.run(backbone(['objectness2'], features))
    expect(Object.keys(tensors)).toEqual(['objectness2'])
    expect(tensors['objectness2']!.dims).toEqual([1, 3, 4, 6])
    // 48 channels at strides 4, 8, 16, 32 of 64 × 96.
    expect(handleBytes).toBe(4 * 48 * (16 * 24 + 8 * 12 + 4 * 6 + 2 * 3))
    const logits = (await sessions.run(head(handle!))).tensors['class_logits']!
    expect(logits.dims).toEqual([2, 13])
    expect(logits.data.every(Number.isFinite)).toBe(true)
    sessions.release(handle!)
  })

  it('write kept outputs to a file and read them back: the next graph gives the same numbers', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'maskloom-spill-'))
    const file = openSync(join(folder, 'maps'), 'wx+')
    const { handle, handleBytes } = await sessions.run(backbone([], features))
    const before = (await sessions.run(head(handle!))).tensors['class_logits']!
    const { shapes } = await sessions.write(handle!, file)
    expect(fstatSync(file).size).toBe(handleBytes)
    sessions.release(handle!)
    for (const again of [await sessions.read(file, shapes), await sessions.read(file, shapes)]) {
      expect((await sessions.run(head(again))).tensors['class_logits']).toEqual(before)
      sessions.release(again)
    }
    ftruncateSync(file, handleBytes - 1)
    await expect(sessions.read(file, shapes)).rejects.toMatchObject({ code: 'EIO' })
    closeSync(file)
    rmSync(folder, { recursive: true })
  })

  it('give the same numbers every time', async () => {
    const first = await sessions.run(backbone(['deltas0'], []))
    const second = await sessions.run(backbone(['deltas0'], []))
    expect(first.handle).toBeUndefined()
    expect(second.tensors['deltas0']!.data).toEqual(first.tensors['deltas0']!.data)
  })

  it('run calls that were made at once one after the other', async () => {
    const results = await Promise.all(
      Array.from({ length: 4 }, () => sessions.run(backbone(['objectness4'], ['feat3']))),
    )
    expect(new Set(results.map(result => result.handle)).size).toBe(4)
    for (const { handle } of results) sessions.release(handle!)
  })

  it('refuse outputs that were released, and go on', async () => {
    const { handle } = await sessions.run(backbone([], features))
    sessions.release(handle!)
    await expect(sessions.run(head(handle!))).rejects.toThrow(/of handle \d+ is not kept/)
    expect((await sessions.run(backbone(['objectness4'], []))).tensors['objectness4']!.dims).toEqual([1, 3, 1, 2])
  })

  it('say which graph failed on which shapes', async () => {
    const { handle } = await sessions.run(backbone([], features))
    const wrong = { dims: [1, 3], data: new Float32Array(3) }
    await expect(sessions.run(head(handle!, wrong))).rejects.toMatchObject({
      diagnostic: {
        code: 'inference-failed',
        message: expect.stringMatching(/box\.onnx failed on feat0 \(kept\).*rois \[1, 3\]: /),
      },
    })
    sessions.release(handle!)
  })

  it('say which file does not open', async () => {
    const missing = sessions.run({ ...backbone([], []), modelPath: '/nowhere/x.onnx', fetch: ['a'] })
    await expect(missing).rejects.toMatchObject({
      diagnostic: { code: 'bad-model', message: expect.stringContaining('/nowhere/x.onnx does not open') },
    })
  })
})

describe('sessions on a thread of their own', () => {
  it('end a run in progress before they close, and refuse later calls', async () => {
    const sessions = await openThread()
    const running = sessions.run(backbone(['objectness0'], []))
    await sessions.close()
    expect((await running).tensors['objectness0']!.dims).toEqual([1, 3, 16, 24])
    await expect(sessions.run(backbone(['objectness0'], []))).rejects.toThrow('the inference thread has ended')
  })

  it('take the buffers of inputs instead of copying them', async () => {
    const sessions = await openThread()
    const request = backbone(['objectness4'], [])
    const running = sessions.run(request)
    expect(request.feeds.image.data).toHaveLength(0)
    await running
    await sessions.close()
  })
})

describe('a session without an arena', () => {
  it('gives the same bits', async () => {
    const roomy = await createSession(join(model, 'backbone.onnx'), 'cpu', true)
    const tight = await createSession(join(model, 'backbone.onnx'), 'cpu', false)
    const { Tensor } = await loadOnnxruntime()
    const { dims, data } = picture()
    const run = (session: InferenceSession) => session.run({ image: new Tensor('float32', data, dims) }, features)
    const expected = await run(roomy)
    for (const found of [await run(tight), await run(tight)])
      for (const name of features) expect(found[name]!.data).toEqual(expected[name]!.data)
    await roomy.release()
    await tight.release()
  })
})

describe('a session host with little room', () => {
  let folder: string
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'maskloom-onnx-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('closes the least recently used graph, and opens it again when it is needed', async () => {
    const copies = ['a', 'b'].map(name => join(folder, `${name}.onnx`))
    for (const path of copies) writeFileSync(path, readFileSync(join(model, 'backbone.onnx')))
    const host = createSessionHost('cpu', 1)
    const run = (modelPath: string) => host.run({ ...backbone(['objectness4'], []), modelPath })
    const first = await run(copies[0]!)
    await run(copies[1]!)
    // Closed, the first is read from its file again; damaged, it no longer opens.
    writeFileSync(copies[0]!, 'not a graph')
    await expect(run(copies[0]!)).rejects.toThrow('a.onnx does not open')
    writeFileSync(copies[0]!, readFileSync(join(model, 'backbone.onnx')))
    expect((await run(copies[0]!)).tensors).toEqual(first.tensors)
    await host.close()
  })
})
