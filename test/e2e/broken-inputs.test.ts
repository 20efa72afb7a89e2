import { chmodSync, chownSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import {
  type DemoProject,
  demoProject,
  digestsBelow,
  type Ended,
  eventsOf,
  finishedOf,
} from '../helpers/demo-project.ts'

/** Files that are not what they should be, met by the whole program: a clear message, or a clean second attempt. */
let demo: DemoProject
let id: string
let picture: Buffer
const oneView = ['--set', 'models=[demo/models/L1]', '--set', 'scales=[240]', '--set', 'flips=[none]']
const run = (...args: readonly string[]) => demo.maskloom('run', 'zoo-reference', ...oneView, ...args)

beforeAll(() => {
  demo = demoProject({ images: 2 })
  id = demo.ids[0]!
  picture = readFileSync(demo.image(id))
})

afterEach(() => writeFileSync(demo.image(id), picture))
afterAll(() => demo.remove())

/** What the task that failed said, with the folder of the test left out. */
function failure(ended: Ended): unknown {
  const failed = eventsOf(ended).filter(event => event.type === 'task.failed')
  expect(failed).toHaveLength(1)
  const { address, item, problem } = failed[0]!
  return { address, item, problem: JSON.parse(JSON.stringify(problem).replaceAll(demo.folder, '.')) }
}

const without = (text: string) => text.replaceAll(demo.folder, '.')

describe('a picture', () => {
  it('that is cut off fails where its pixels are read, and the other picture goes on', async () => {
    writeFileSync(demo.image(id), picture.subarray(0, picture.length / 2))
    const ended = await run('ensemble.instances', '--keep-going', '--json')
    expect(ended.code).toBe(1)
    expect(failure(ended)).toEqual({
      address: 'ensemble/propose[flip=none,model=L1,scale=240]',
      item: id,
      problem: {
        code: 'bad-image',
        // libvips keeps its last error for all threads: another picture that decodes meanwhile may wipe it.
        message: expect.stringMatching(
          /^\.\/demo\/images\/\w+\.jpg does not decode as 320 × 240 jpeg: (VipsJpeg: premature end of JPEG image|Unknown error)$/,
        ),
        fix: 'open the picture in a viewer; replace it if it is cut off or damaged',
      },
    })
    expect(finishedOf(ended)).toMatchObject({
      status: 'failed',
      inferences: 1,
      tasks: { failed: 1, skipped: 6 },
      outputs: {},
    })
    // Neither results nor an empty stand-in are written for a failed picture.
    expect(() => readdirSync(demo.path('out'))).toThrow(/ENOENT/)
  })

  it('that is a text file fails where its header is read', async () => {
    writeFileSync(demo.image(id), 'this is not a picture')
    const ended = await run('ensemble.instances', '--json')
    expect(ended.code).toBe(1)
    expect(failure(ended)).toEqual({
      address: 'images',
      item: id,
      problem: {
        code: 'bad-image',
        message: `./demo/images/${id}.jpg has no readable header: Input file contains unsupported image format`,
        fix: 'replace the file; it may be cut off or not be a picture',
      },
    })
  })

  it('works again once it is mended, with nothing else computed', async () => {
    await run('ensemble.instances', '--json')
    writeFileSync(demo.image(id), 'broken')
    expect((await run('ensemble.instances', '--json')).code).toBe(1)
    writeFileSync(demo.image(id), picture)
    const ended = await run('ensemble.instances', '--json')
    expect(ended.code).toBe(0)
    expect(finishedOf(ended)).toMatchObject({ inferences: 0, tasks: { done: 0 } })
  })

  it('that may not be read is named before anything is inferred', async () => {
    // Root may read everything, so the program runs as somebody else then.
    const root = process.getuid?.() === 0
    const user = root ? { uid: 65534, gid: 65534 } : undefined
    const barred = demoProject({ images: 2, ...(user === undefined ? {} : { user }) })
    try {
      chmodSync(barred.image(barred.ids[0]!), 0)
      if (root) chownSync(barred.image(barred.ids[0]!), 0, 0)
      const ended = await barred.maskloom('run', 'zoo-reference', ...oneView, 'ensemble.instances', '--json')
      expect(ended.code).toBe(1)
      expect(JSON.stringify([ended.stderr, failureOrNothing(ended)])).toContain(
        `${barred.image(barred.ids[0]!)}; EACCES`,
      )
      expect(finishedOf(ended).inferences).toBe(0)
    } finally {
      barred.remove()
    }
  })

  it('folder without pictures is found when the pipeline is checked', async () => {
    const empty = demoProject({ images: 0 })
    try {
      const ended = await empty.maskloom('check', 'zoo-reference')
      expect(ended.code).toBe(2)
      expect(ended.stderr.replaceAll(empty.folder, '.')).toBe(
        [
          'pipelines/zoo-reference.yaml:15:48 missing-file  `path`: ./demo/images holds no file that matches **/*.{jpg,jpeg,png,tif,tiff,webp,JPG,JPEG,PNG,TIF,TIFF,WEBP}',
          '  15 |   images: { uses: images/folder, with: { path: "${params.images}" } }',
          '     |                                                ^^^^^^^^^^^^^^^^^^',
          '  fix: name another folder, or put the files there',
          '',
          '1 problem',
          '',
        ].join('\n'),
      )
    } finally {
      empty.remove()
    }
  })
})

function failureOrNothing(ended: Ended): unknown {
  return eventsOf(ended).filter(event => event.type === 'task.failed')
}

describe('a model folder', () => {
  const where = (message: string, fix: string) =>
    [
      `pipelines/three-stage.yaml:24:20 bad-content  ./demo/models/L1: ${message}`,
      '  24 |     with: { model: "${matrix.model}", scale: "${matrix.scale}", flip: "${matrix.flip}" }',
      '     |                    ^^^^^^^^^^^^^^^^^',
      '  note pipelines/zoo-reference.yaml:17:3 used here as `ensemble`',
      '  17 |   ensemble:',
      '     |   ^^^^^^^^',
      `  fix: ${fix}`,
      '',
      '1 problem',
      '',
    ].join('\n')

  /** Changes one file of L1 for the time of a check. */
  async function checkWith(file: string, change: (path: string) => void): Promise<Ended> {
    const path = demo.path('demo', 'models', 'L1', file)
    const before = readFileSync(path)
    change(path)
    try {
      return await demo.maskloom('check', 'zoo-reference', '--set', 'models=[demo/models/L1]')
    } finally {
      writeFileSync(path, before)
    }
  }

  it('without one of its graphs is a problem of the pipeline', async () => {
    const ended = await checkWith('mask.onnx', path => rmSync(path))
    expect(ended.code).toBe(2)
    expect(without(ended.stderr)).toBe(
      where('mask.onnx is not there', 'put the file into the model folder, or export it again'),
    )
  })

  it('whose graph is no graph is a problem of the pipeline', async () => {
    const ended = await checkWith('box.onnx', path => writeFileSync(path, 'not a graph'))
    expect(ended.code).toBe(2)
    expect(without(ended.stderr)).toBe(
      where(
        'box.onnx does not open: Load model from box.onnx failed:Protobuf parsing failed.',
        'put the file into the model folder, or export it again',
      ),
    )
  })

  it('whose class index is beyond the network’s columns is a problem of the pipeline', async () => {
    const ended = await checkWith('model.yaml', path =>
      writeFileSync(path, readFileSync(path, 'utf8').replace('index: 12,', 'index: 13,')),
    )
    expect(ended.code).toBe(2)
    expect(without(ended.stderr)).toContain(
      where(
        'box.onnx: class_logits has 13 columns, but class Fox (/m/0306r) has index 13',
        'expected an index from 0 to 12',
      ).replace('\n1 problem\n', ''),
    )
  })

  it('with other classes than its fellow members cannot be averaged with them', async () => {
    const ended = await demo.maskloom('check', 'zoo-reference', '--set', 'models=[demo/models/L1, demo/models/P1]')
    expect(ended.code).toBe(2)
    expect(without(ended.stderr)).toContain('mixed-types')
    expect(without(ended.stderr)).toContain('12 classes (Apple, Orange, Banana, …) against 3 classes (Fruit, ')
  })
})

describe('a cache', () => {
  it('with damaged and deleted values makes them again, and delivers the same bytes', async () => {
    rmSync(demo.path('out'), { recursive: true, force: true })
    const first = await run('--json')
    expect(first.code).toBe(0)
    const outputs = digestsBelow(demo.path('out'))
    const objects = readdirSync(demo.path('.maskloom', 'objects'), { recursive: true, withFileTypes: true }).filter(
      entry => entry.isFile(),
    )
    expect(objects.length).toBeGreaterThan(0)
    for (const [i, entry] of objects.entries()) {
      const path = join(entry.parentPath, entry.name)
      if (i % 2 === 0) rmSync(path)
      else {
        const bytes = readFileSync(path)
        bytes[bytes.length >> 1] = bytes[bytes.length >> 1]! ^ 1
        writeFileSync(path, bytes)
      }
    }
    rmSync(demo.path('out'), { recursive: true })
    const second = await run('--set', 'proposal_iou=0.6', '--json')
    expect(second.stderr).toBe('')
    expect(second.code).toBe(0)
    const third = await run('--json')
    expect(third.code).toBe(0)
    expect(finishedOf(third).tasks.done).toBe(0)
    expect(digestsBelow(demo.path('out'))).toEqual(outputs)
  })

  it('that was removed altogether is made anew', async () => {
    rmSync(demo.path('.maskloom'), { recursive: true })
    const ended = await run('ensemble.instances', '--json')
    expect(ended.code).toBe(0)
    expect(finishedOf(ended)).toMatchObject({ inferences: 2, tasks: { hit: 0 } })
  })

  it('that is a file is refused with the way out', async () => {
    writeFileSync(demo.path('file'), '')
    const ended = await run('truth.instances', '--cache', 'file')
    expect(ended.code).toBe(1)
    expect(without(ended.stderr)).toBe(
      [
        'bad-file  A file or folder is not there, or something else is in its place while opening the cache folder (./file; EEXIST)',
        '  fix: check the path, and that its disk is writable',
        '',
        '1 problem',
        '',
      ].join('\n'),
    )
  })
})

describe('an output folder', () => {
  it('that is a file is refused with the way out, and the run says so in its last event', async () => {
    writeFileSync(demo.path('file'), '')
    const ended = await run('truth.instances', '--out', 'file', '--json')
    expect(ended.code).toBe(1)
    expect(finishedOf(ended)).toMatchObject({ status: 'failed', outputs: {} })
    expect(without(ended.stdout + ended.stderr)).toContain('while looking for a result (./file/truth.instances/')
  })
})
