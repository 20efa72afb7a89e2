import { readFileSync, utimesSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PlanReport } from '../../engine/contract/plan.ts'
import {
  type DemoProject,
  demoProject,
  digestsBelow,
  type Ended,
  eventsOf,
  finishedOf,
  notHits,
} from '../helpers/demo-project.ts'

/** The demo, run once, then touched, changed and set otherwise: what is computed again, and what is not. */
let demo: DemoProject
let firstOutputs: { readonly [file: string]: string }

beforeAll(async () => {
  demo = demoProject({ images: 3 })
  const first = await demo.maskloom('run', 'mini-open-images', '--json')
  expect(first.stderr).toBe('')
  expect(first.code).toBe(0)
  expect(finishedOf(first)).toMatchObject({ status: 'done', inferences: 3 * 16 })
  firstOutputs = digestsBelow(demo.path('out'))
})

afterAll(() => demo.remove())

/** What `plan` said beforehand holds what happened: nothing ran that was promised to be a hit, or more often than said. */
function expectForecast(plan: PlanReport, ran: Ended): void {
  const steps = notHits(eventsOf(ran))
  for (const { step, run, maybe, rebuild } of plan.steps) {
    expect(steps[step]?.done ?? 0, step).toBeLessThanOrEqual(run + maybe)
    expect(steps[step]?.done ?? 0, step).toBeGreaterThanOrEqual(run)
    expect(steps[step]?.rebuilt ?? 0, step).toBeLessThanOrEqual(rebuild)
  }
  const { inferences } = finishedOf(ran)
  expect(inferences).toBeLessThanOrEqual(plan.totals.inferencesAtMost)
  expect(inferences).toBeGreaterThanOrEqual(plan.totals.inferences)
}

describe('the demo, run again', () => {
  it('delivers a submission, results, metrics, a table and pictures', () => {
    expect(Object.keys(firstOutputs)).toEqual([
      'mini-open-images/contact-sheet.jpg',
      'mini-open-images/instances.json',
      'mini-open-images/metrics.json',
      ...demo.ids.map(id => `mini-open-images/overlays/${id}.jpg`),
      'mini-open-images/submission.csv',
      'mini-open-images/table.json',
    ])
  })

  it('infers nothing, computes nothing and changes no file', async () => {
    const second = await demo.maskloom('run', 'mini-open-images', '--json')
    expect(second.code).toBe(0)
    const finished = finishedOf(second)
    expect(finished).toMatchObject({ inferences: 0, tasks: { done: 0, rebuilt: 0, failed: 0, skipped: 0 } })
    expect(notHits(eventsOf(second))).toEqual({})
    expect(digestsBelow(demo.path('out'))).toEqual(firstOutputs)
    process.stdout.write(`second run of the demo on 3 pictures: ${Math.round(second.wallMs)} ms\n`)
  })

  it('infers nothing when every picture was touched', async () => {
    for (const id of demo.ids) utimesSync(demo.image(id), 1.6e9, 1.6e9)
    const touched = await demo.maskloom('run', 'mini-open-images', '--json')
    expect(finishedOf(touched)).toMatchObject({ inferences: 0, tasks: { done: 0, rebuilt: 0 } })
  })

  it('runs only mask NMS and what follows for another mask NMS threshold', async () => {
    const planned = await demo.maskloom('plan', 'mini-open-images', '--set', 'mask_nms_iou=0.6', '--json')
    const changed = await demo.maskloom('run', 'mini-open-images', '--set', 'mask_nms_iou=0.6', '--json')
    expect(changed.code).toBe(0)
    expectForecast(JSON.parse(planned.stdout) as PlanReport, changed)
    expect(finishedOf(changed).inferences).toBe(0)
    const steps = notHits(eventsOf(changed))
    expect(Object.keys(steps)).toContain('parents')
    // What follows runs where the result really changed.
    const allowed = ['parents', 'all', 'submission', 'score_leaf', 'score_parents', 'scores']
    expect(Object.keys(steps).filter(step => !allowed.includes(step))).toEqual([])
    expect(steps['parents']).toEqual({ done: 3 })
  })

  it('runs mask heads of pictures whose detections change for another box NMS threshold, from rebuilt features', async () => {
    const planned = await demo.maskloom('plan', 'mini-open-images', '--set', 'box_nms_iou=0.6', '--json')
    const changed = await demo.maskloom('run', 'mini-open-images', '--set', 'box_nms_iou=0.6', '--json')
    expect(changed.code).toBe(0)
    expectForecast(JSON.parse(planned.stdout) as PlanReport, changed)
    const steps = notHits(eventsOf(changed))
    for (const hit of ['proposals', 'heads', 'mean'].flatMap(step => [`leaf/${step}`, `parent/${step}`])) {
      expect(steps[hit], hit).toBeUndefined()
    }
    expect(steps['leaf/detections']).toEqual({ done: 3 })
    const rebuilt = steps['leaf/propose']?.rebuilt ?? 0
    expect(steps['leaf/propose']).toEqual({ rebuilt })
    expect(rebuilt % 12).toBe(0)
    expect(rebuilt).toBeGreaterThan(0)
    expect(steps['leaf/roi_masks']).toEqual({ done: rebuilt })
    expect(steps['leaf/masks']).toEqual({ done: rebuilt / 12 })
    expect(finishedOf(changed).inferences).toBe(rebuilt + (steps['parent/propose']?.rebuilt ?? 0))
  })

  it('comes back to the first results from the cache', async () => {
    const back = await demo.maskloom('run', 'mini-open-images', '--json')
    expect(finishedOf(back)).toMatchObject({ inferences: 0, tasks: { done: 0, rebuilt: 0 } })
    expect(digestsBelow(demo.path('out'))).toEqual(firstOutputs)
  })

  it('leaves a model of weight 0 out of every stage, like a pipeline without it', async () => {
    const weights = ['--set', 'leaf_weights={ model: { L3: 0 } }']
    const planned = await demo.maskloom('plan', 'mini-open-images', ...weights, '--json')
    const plan = JSON.parse(planned.stdout) as PlanReport
    const cells = Object.fromEntries(plan.steps.map(({ step, cells: count }) => [step, count]))
    expect(cells).toMatchObject({ 'leaf/propose': 8, 'leaf/heads': 8, 'leaf/roi_masks': 8, 'leaf/proposals': 1 })
    const left = await demo.maskloom('run', 'mini-open-images', ...weights, '--json')
    expectForecast(plan, left)
    const outputs = digestsBelow(demo.path('out'))
    expect(outputs).not.toEqual(firstOutputs)
    const two = '[demo/models/L1, demo/models/L2]'
    const without = await demo.maskloom('run', 'mini-open-images', '--set', `leaf_models=${two}`, '--json')
    expect(finishedOf(without)).toMatchObject({ inferences: 0, tasks: { done: 0, rebuilt: 0 } })
    expect(digestsBelow(demo.path('out'))).toEqual(outputs)
    await demo.maskloom('run', 'mini-open-images', '--json')
    expect(digestsBelow(demo.path('out'))).toEqual(firstOutputs)
  })

  it('gives the same with weights that another step found, through an optional input', async () => {
    const members = '{ models: [../demo/models/L1, ../demo/models/L2], scales: [208], flips: [none]'
    const images = 'images: images.images'
    writeFileSync(demo.path('weights.json'), '{"model": {"L2": 0}}')
    writeFileSync(
      demo.path('pipelines', 'two-ways.yaml'),
      `maskloom: 1
steps:
  images: { uses: images/folder, with: { path: ../demo/images } }
  chosen: { uses: weights/file, with: { path: ../weights.json } }
  a: { uses: ./three-stage.yaml, with: ${members}, weights: { model: { L2: 0 } } }, in: { ${images} } }
  b: { uses: ./three-stage.yaml, with: ${members} }, in: { ${images}, weights: chosen.weights } }
outputs: { a: a.instances, b: b.instances }
`,
    )
    const run = await demo.maskloom('run', 'two-ways', '--json', '--out', 'two-ways')
    expect(run.code).toBe(0)
    const found = digestsBelow(demo.path('two-ways'))
    for (const id of demo.ids) expect(found[`b/${id}.safetensors`]).toBe(found[`a/${id}.safetensors`])
    expect(Object.keys(found)).toHaveLength(2 * demo.ids.length)
  })

  it('infers exactly the views of the one picture that was replaced', async () => {
    const [replaced, other] = demo.ids as [string, string]
    const bytes = readFileSync(demo.image(replaced))
    const mirrored = await sharp(bytes).flop().jpeg({ quality: 95 }).toBuffer()
    writeFileSync(demo.image(replaced), mirrored)
    const run = await demo.maskloom('run', 'mini-open-images', '--json')
    expect(run.code).toBe(0)
    expect(finishedOf(run)).toMatchObject({ inferences: 16, tasks: { rebuilt: 0 } })
    const items = eventsOf(run).flatMap(event => (event.type === 'task.done' ? [event.item] : []))
    expect(new Set(items)).toEqual(new Set([replaced, undefined]))
    expect(digestsBelow(demo.path('out'))[`mini-open-images/overlays/${other}.jpg`]).toBe(
      firstOutputs[`mini-open-images/overlays/${other}.jpg`],
    )
    writeFileSync(demo.image(replaced), bytes)
    const back = await demo.maskloom('run', 'mini-open-images', '--json')
    expect(finishedOf(back).inferences).toBe(0)
    expect(digestsBelow(demo.path('out'))).toEqual(firstOutputs)
  })
})
