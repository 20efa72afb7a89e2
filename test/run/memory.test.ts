import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { heavyRegistry } from '../helpers/fake-registry.ts'
import { createRig, doneTasks, imbalance, type Rig, type RigRun } from '../helpers/rig.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

let rig: Rig
afterEach(() => rig.close())

const MiB = 2 ** 20

/** A step that makes a value of 1 MiB in about a millisecond, and one that looks at it for 100. */
const unequal = `maskloom: 1
name: unequal
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  swell: { uses: fake/swell, with: { kilobytes: 1024 }, in: { texts: texts.texts } }
  sip: { uses: fake/sip, with: { delay_ms: 100 }, in: { texts: swell.text } }
outputs:
  sips: sip.text
`

const words = (count: number, text = (i: number) => `item ${i}`) =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${`${i}`.padStart(4, '0')}`, text(i)]))

/** What left memory before it was read for the last time. */
function moved({ events }: RigRun) {
  const total = { spilled: 0, spilledBytes: 0, dropped: 0 }
  for (const event of events) {
    if (event.type !== 'memory.spilled') continue
    total.spilled += event.spilled
    total.spilledBytes += event.spilledBytes
    total.dropped += event.dropped
  }
  return total
}

const peakBytes = ({ events }: RigRun) =>
  Math.max(...events.flatMap(event => (event.type === 'memory.sample' ? [event.residentBytes] : [])))

describe('a producer 100 times as fast as its consumer', () => {
  it('does not make memory grow with the number of items', async () => {
    rig = createRig(unequal, words(100), heavyRegistry)
    const few = await rig.run({ cache: 'few', out: 'out-few', memoryBytes: 600 * MiB })
    for (const [name, text] of Object.entries(words(300))) rig.write(`texts/${name}.txt`, text)
    const many = await rig.run({ cache: 'many', out: 'out-many', memoryBytes: 600 * MiB })
    expect([few.finished.status, many.finished.status]).toEqual(['done', 'done'])
    expect(Object.keys(many.outputs)).toHaveLength(300)
    const grownMiB = (peakBytes(many) - peakBytes(few)) / MiB
    // 200 MiB more went through it; when a collector runs is not ours to say.
    expect(grownMiB).toBeLessThan(90)
    expect(peakBytes(many) / MiB).toBeLessThan(600 * 1.1)
  })
})

describe('a small budget', () => {
  it('changes the order of work and what is made twice, not the outputs', async () => {
    rig = createRig(
      stagedPipeline,
      words(6, i => `word${i} ${'x'.repeat(200)} ${i}`),
    )
    const roomy = await rig.run({ cache: 'roomy', out: 'out-roomy', slots: 2, threads: 2 })
    // A quarter of a worker's three fifths is for maps: room for one of the two.
    const tight = await rig.run({ cache: 'tight', out: 'out-tight', slots: 2, threads: 2, memoryBytes: 2400 })
    expect(tight.outputs).toEqual(roomy.outputs)
    expect(imbalance(tight)).toEqual({})
    const scans = (run: RigRun) => doneTasks(run).filter(line => line.startsWith('scan'))
    expect(scans(roomy)).toHaveLength(12)
    expect(scans(tight).length).toBeGreaterThan(12)
    expect(tight.finished.tasks).toEqual(roomy.finished.tasks)
  })

  it('lets values wait in files where making them again takes longer, and leaves no file behind', async () => {
    const texts = words(6, i => `word${i} ${'x'.repeat(200)} ${i}`)
    rig = createRig(stagedPipeline, texts, heavyRegistry)
    const roomy = await rig.run({ cache: 'roomy', out: 'out-roomy', slots: 2, set: ['delay=30'] })
    expect(moved(roomy)).toEqual({ spilled: 0, spilledBytes: 0, dropped: 0 })
    const tight = await rig.run({ cache: 'tight', out: 'out-tight', slots: 2, set: ['delay=30'], memoryBytes: 2400 })
    expect(tight.outputs).toEqual(roomy.outputs)
    expect(imbalance(tight)).toEqual({})
    const { spilled, spilledBytes, dropped } = moved(tight)
    expect(spilled).toBeGreaterThan(3)
    expect(spilledBytes / spilled).toBeGreaterThan(200)
    expect(dropped).toBe(0)
    // Nothing was seen twice.
    expect(doneTasks(tight).filter(line => line.startsWith('scan'))).toHaveLength(12)
    expect(readdirSync(join(rig.folder, 'tight', 'tmp'))).toEqual([])
  })

  it('makes values again where that is quicker than a file', async () => {
    rig = createRig(
      stagedPipeline,
      words(6, i => `word${i} ${'x'.repeat(200)} ${i}`),
      heavyRegistry,
    )
    // A scan takes a tenth of a millisecond here, a file at least one.
    const { spilled, dropped } = moved(await rig.run({ memoryBytes: 2400 }))
    expect(dropped).toBeGreaterThan(spilled)
  })

  it('refuses only a value that would not fit alone, and says what would help', async () => {
    rig = createRig(stagedPipeline, { big: `big ${'x'.repeat(3000)}`, small: 'small one' })
    const run = await rig.run({ keepGoing: true, memoryBytes: 4000 })
    const failed = run.events.flatMap(event => (event.type === 'task.failed' ? [event] : []))
    expect(failed.map(({ item, problem }) => [item, problem.code])).toEqual([['big', 'too-little-memory']])
    expect(failed[0]!.problem.message).toBe('map takes 1 MiB for this item alone; a worker has 1 MiB')
    expect(failed[0]!.problem.fix).toContain('--memory')
    expect(doneTasks(run)).toContain('loud small')
    expect(imbalance(run)).toEqual({})
  })
})
