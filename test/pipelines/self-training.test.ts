import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type DemoProject,
  demoProject,
  digestsBelow,
  type Ended,
  eventsOf,
  finishedOf,
  notHits,
} from '../helpers/demo-project.ts'

/** Train, infer, pseudo-labels, train, infer: what is computed when, and what it rests on. */

const IMAGES = 2

let demo: DemoProject
let first: Ended
let outputs: { readonly [file: string]: string }

const run = (...args: readonly string[]) =>
  demo.maskloom('run', 'self-training', '--allow-commands', '--json', '--out', 'out', ...args)

beforeAll(async () => {
  demo = demoProject({ images: IMAGES })
  first = await run()
  outputs = digestsBelow(demo.path('out'))
}, 60_000)

afterAll(() => demo.remove())

/** Steps that ran, and how often. */
const ran = (ended: Ended) =>
  Object.fromEntries(Object.entries(notHits(eventsOf(ended))).map(([step, counts]) => [step, counts.done ?? 0]))

describe('pipelines/self-training.yaml', () => {
  it('trains, infers, labels, trains and infers in one run', () => {
    expect(first.stderr).toBe('')
    expect(finishedOf(first)).toMatchObject({ status: 'done', inferences: 2 * IMAGES })
    expect(Object.keys(outputs)).toEqual(['log.txt', 'model.tar', 'pseudo-labels.json', 'table.json'])
    const labels = JSON.parse(readFileSync(demo.path('out', 'pseudo-labels.json'), 'utf8')) as { annotations: object[] }
    expect(labels.annotations.length).toBeGreaterThan(3)
    const log = readFileSync(demo.path('out', 'log.txt'), 'utf8')
    expect(log).toBe(`${labels.annotations.length} annotations of 12 classes, rate 0.25\n`)
  })

  it('does nothing the second time', async () => {
    const again = await run()
    expect(finishedOf(again)).toMatchObject({ inferences: 0, tasks: { done: 0, rebuilt: 0 } })
    expect(digestsBelow(demo.path('out'))).toEqual(outputs)
  })

  it('needs a permission, and says what it cannot check beforehand', async () => {
    const refused = await demo.maskloom('check', 'self-training')
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('allow it: --allow-commands')
    const checked = await demo.maskloom('check', 'self-training', '--allow-commands')
    expect(checked.stdout).toBe(`self-training: 20 steps, 20 cells, no problems
  later, by taught: the graphs of its model are compared with model.yaml
  later, by learnt: the graphs of its model are compared with model.yaml
`)
  })

  it('infers with the student alone when only its training changes', async () => {
    const changed = await run('--set', 'student_rate=0.5')
    expect(finishedOf(changed)).toMatchObject({ inferences: IMAGES, tasks: { rebuilt: 0 } })
    const steps = ran(changed)
    expect(steps).toMatchObject({ student: 1, learnt: IMAGES, 'refound/heads': IMAGES })
    for (const step of ['start', 'teacher', 'taught', 'found/heads', 'pseudo_labels', 'score_teacher'])
      expect(steps[step], step).toBeUndefined()
  })

  it('infers with both when the training of the teacher changes', async () => {
    const changed = await run('--set', 'teacher_rate=0.5')
    expect(finishedOf(changed).inferences).toBe(2 * IMAGES)
    expect(ran(changed)).toMatchObject({ teacher: 1, taught: IMAGES, student: 1, learnt: IMAGES })
  })

  it('infers nothing when a training runs again and makes the same model', async () => {
    appendFileSync(demo.path('demo', 'training', 'train.mjs'), '// nothing new\n')
    const again = await run()
    expect(finishedOf(again).inferences).toBe(0)
    expect(ran(again)).toEqual({ teacher: 1, student: 1 })
    expect(digestsBelow(demo.path('out'))).toEqual(outputs)
  })
})

describe('a model whose bytes were lost', () => {
  it('is made again, and only it', async () => {
    await run()
    const digest = outputs['model.tar']!
    rmSync(demo.path('.maskloom', 'objects', digest.slice(0, 2), digest.slice(2)), { force: true })
    const again = await run('--set', 'sure=0.7', '--force', 'learnt')
    expect(finishedOf(again)).toMatchObject({ status: 'done', inferences: IMAGES })
    expect(notHits(eventsOf(again))).toMatchObject({ student: { rebuilt: 1 } })
    expect(digestsBelow(demo.path('out'))).toEqual(outputs)
  })
})

/** A pipeline that shows one model to the pictures twice: by path, and as a value. */
const twice = `maskloom: 1
params: { graph: { type: string, default: "" } }
steps:
  images: { uses: images/folder, with: { path: ../demo/images } }
  start: { uses: models/folder, with: { path: ../demo/models/L1 } }
  copy:
    uses: command/run
    with:
      run: [sh, -c, "cp start/*.onnx exported/ && if [ -n \\"$0\\" ]; then cp odd.onnx \\"exported/$0\\"; fi", "\${params.graph}"]
      names: [start]
      files: { odd.onnx: ../demo/models/P1/box.onnx }
      outputs: { model: exported }
      spec: ../demo/models/L1/model.yaml
    in: { inputs: [start.model] }
  by_path: { uses: detect/propose, with: { model: ../demo/models/L1, scale: 208 }, in: { images: images.images } }
  by_port: { uses: detect/propose, with: { scale: 208 }, in: { images: images.images, model: copy.model } }
  a: { uses: ./one-view.yaml, in: { features: by_path.features, proposals: by_path.proposals } }
  b: { uses: ./one-view.yaml, in: { features: by_port.features, proposals: by_port.proposals } }
outputs: { a: a.instances, b: b.instances, start: start.model, copy: copy.model }
`

describe('one model by path and as a value', () => {
  const run = (...args: readonly string[]) =>
    demo.maskloom('run', 'pipelines/twice.yaml', '--allow-commands', '--json', '--out', 'out-twice', ...args)

  it('gives equal results, so that what follows is known', async () => {
    writeFileSync(demo.path('pipelines', 'twice.yaml'), twice)
    const one = await run('a')
    expect(finishedOf(one)).toMatchObject({ status: 'done', inferences: IMAGES })
    const both = await run()
    expect(finishedOf(both)).toMatchObject({ status: 'done', inferences: IMAGES })
    // The heads of the second rest on feature maps of its own; what they say is the same, and the rest is known.
    expect(ran(both)).toEqual({ copy: 1, by_port: IMAGES, 'b/heads': IMAGES, 'b/roi_masks': IMAGES })
    const found = digestsBelow(demo.path('out-twice'))
    expect(found['copy.tar']).toBe(found['start.tar'])
    for (const id of demo.ids) expect(found[`b/${id}.safetensors`]).toBe(found[`a/${id}.safetensors`])
  })

  it('is refused when its graphs are not what its model.yaml says, before anything is inferred', async () => {
    const wrong = await run('b', '--set', 'graph=box.onnx')
    expect(wrong.code).toBe(1)
    expect(finishedOf(wrong).inferences).toBe(0)
    const failed = eventsOf(wrong).flatMap(event => (event.type === 'task.failed' ? [event.problem] : []))
    expect(failed[0]).toMatchObject({
      code: 'bad-model',
      message: 'model L1: box.onnx: class_logits has 4 columns, but class Strawberry (/m/07fbm7) has index 4',
    })
  })
})
