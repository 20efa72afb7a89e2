import { afterEach, describe, expect, it } from 'vitest'
import type { LeaseHolder, LeaseName, Leases } from '../../engine/contract/lease.ts'
import { createUnitLeases } from '../../engine/run/leases.ts'
import { type CliEnd, type CliRuns, createCliRuns } from '../helpers/cli-runs.ts'
import { createRig, imbalance, type Rig } from '../helpers/rig.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

let runs: CliRuns | undefined
let rig: Rig | undefined
afterEach(() => {
  runs?.close()
  rig?.close()
  runs = undefined
  rig = undefined
})

/** Every text has a shape of its own, so that no two tasks come out equal. */
const texts = Object.fromEntries(
  Array.from({ length: 12 }, (_, i) => {
    const letters = String.fromCharCode(97 + i)
    return [`texts/${letters}.txt`, `${letters}word ${letters}tree ${i}`]
  }),
)
const project = { 'pipeline.yaml': stagedPipeline, ...texts }

function remarks(end: CliEnd): readonly string[] {
  return end.events.flatMap(event => (event.type === 'remark' ? [event.message] : []))
}

function twice(lines: readonly string[]): readonly string[] {
  return lines.filter((line, i) => line === lines[i - 1])
}

/** A line without the ports that were asked for. */
function workOf(line: string): string {
  return line.startsWith('scan') ? line.split(' ').slice(0, 3).join(' ') : line
}

async function undisturbed(pipeline?: string): Promise<{ readonly end: CliEnd; readonly executed: readonly string[] }> {
  const alone = createCliRuns(project)
  try {
    if (pipeline !== undefined) alone.write('pipeline.yaml', pipeline)
    const end = await alone.start().ended
    return { end, executed: alone.executed() }
  } finally {
    alone.close()
  }
}

describe('two runs on one cache', () => {
  it('compute nothing twice, and both come to the end', async () => {
    runs = createCliRuns(project)
    const both = ['one', 'two'].map(out => runs!.start({ out, set: 'delay=150' }).ended)
    const [one, two] = (await Promise.all(both)) as [CliEnd, CliEnd]
    const alone = await undisturbed()
    expect([one.errorText, two.errorText]).toEqual(['', ''])
    expect([one.code, two.code]).toEqual([0, 0])
    expect(runs.executed()).toEqual(alone.executed)
    expect(one.outputs).toEqual(alone.end.outputs)
    expect(two.outputs).toEqual(alone.end.outputs)
    const told = [...remarks(one), ...remarks(two)].filter(message => message.includes('is computing some of the same'))
    expect(told.length).toBeGreaterThan(0)
    expect(told[0]).toMatch(/^run \S+ \(process \d+\) is computing/)
    for (const end of [one, two]) {
      expect(remarks(end).filter(message => !message.includes('is computing'))).toEqual([])
      expect(remarks(end).length).toBeLessThanOrEqual(1)
      expect(imbalance(end)).toEqual({})
    }
  })

  it('go on without one that is killed, however it held what it was computing', async () => {
    runs = createCliRuns(project)
    const first = runs.start({ out: 'one', set: 'delay=60' })
    const second = runs.start({ out: 'two', set: 'delay=60' })
    await Promise.all(
      [first, second].map(run => run.saw(event => event.type === 'task.done' && event.step === 'merged')),
    )
    first.child.kill('SIGKILL')
    const end = await second.ended
    expect(end.code).toBe(0)
    const alone = await undisturbed()
    expect(end.outputs).toEqual(alone.end.outputs)
    // Twice at most what the dead run had in flight; a scan of which only the map was lost says so.
    const work = runs.executed().map(workOf)
    expect(new Set(work)).toEqual(new Set(alone.executed.map(workOf)))
    expect(twice(work.sort()).length).toBeLessThan(alone.executed.length / 2)
  })

  it('share what different pipelines have in common', async () => {
    runs = createCliRuns(project)
    const outlines = `maskloom: 1
name: outlines
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  look:
    uses: fake/scan
    matrix: { model: [a, b] }
    with: { model: "\${matrix.model}", delay_ms: 60 }
    in: { texts: texts.texts }
outputs: { outlines: look.outline }
`
    runs.write('outlines.yaml', outlines)
    const ends = await Promise.all([
      runs.start({ out: 'one', set: 'delay=60' }).ended,
      runs.start({ out: 'two', pipeline: 'outlines.yaml' }).ended,
    ])
    expect(ends.map(end => end.code)).toEqual([0, 0])
    // A scan may run a second time for its map, when the other pipeline only stored its outline; never for the outline.
    const outlined = runs.executed().filter(line => /^scan .*outline/.test(line))
    expect(twice(outlined.map(workOf).sort())).toEqual([])
    expect(outlined).toHaveLength(24)
  })
})

describe('one run', () => {
  it('computes two items with the same content once', async () => {
    const same = { p: 'pear tree 1', q: 'pear tree 1', r: 'rowan hill 2', s: 'pear tree 1' }
    rig = createRig(stagedPipeline, same)
    const run = await rig.run({ set: ['delay=20'] })
    expect(run.finished.status).toBe('done')
    expect(twice(run.executed)).toEqual([])
    expect(run.executed.filter(line => line.startsWith('scan'))).toHaveLength(4)
    expect(run.outputs['loud/q.txt']).toBe(run.outputs['loud/p.txt'])
    expect(imbalance(run)).toEqual({})
  })
})

describe('leases of units', () => {
  const name = (item: string): LeaseName => ({ segment: 's', item })
  const holder: LeaseHolder = { processId: 7, runId: 'r7', sinceMs: 0 }

  function stub(holders: { [item: string]: LeaseHolder }, shared = true) {
    const log: string[] = []
    const leases: Leases = {
      take(sets) {
        log.push(`take ${sets.map(set => set.map(one => one.item).join('+')).join(' ')}`)
        return { holders: sets.map(set => set.map(one => holders[one.item]).find(one => one !== undefined)), shared }
      },
      release: names => void log.push(`release ${names.map(one => one.item).join('+')}`),
      close: () => void log.push('close'),
    }
    return { log, open: () => leases }
  }

  it('are asked for together, and told from those of others', () => {
    const { log, open } = stub({ b: holder })
    const told: string[] = []
    const leases = createUnitLeases(open, message => told.push(message))
    expect(leases.claim([[name('a'), name('x')], [name('b')], []])).toEqual(['look-again', 'held', 'mine'])
    expect(leases.claim([[name('b')]])).toEqual(['held'])
    expect(log).toEqual(['take a+x b', 'take b'])
    expect(told).toEqual([
      'run r7 (process 7) is computing some of the same: its results are waited for and used, not computed twice',
    ])
  })

  it('of the run itself are not asked for again until they are given back', () => {
    const { log, open } = stub({}, false)
    const leases = createUnitLeases(open, () => {})
    expect(leases.claim([[name('a')], [name('a')]])).toEqual(['mine', 'held'])
    expect(leases.claim([[name('a'), name('c')]])).toEqual(['held'])
    leases.release([name('a')])
    expect(leases.claim([[name('a'), name('c')]])).toEqual(['mine'])
    expect(log).toEqual(['take a', 'release a', 'take a+c'])
  })

  it('that somebody else holds are free again for this run once he gives them back', () => {
    const holders: { [item: string]: LeaseHolder } = { a: holder }
    const leases = createUnitLeases(stub(holders).open, () => {})
    expect(leases.claim([[name('a')]])).toEqual(['held'])
    delete holders['a']
    expect(leases.claim([[name('a')]])).toEqual(['look-again'])
  })

  it('hold nobody up once the run is given up', () => {
    const leases = createUnitLeases(stub({ a: holder }).open, () => {})
    expect(leases.claim([[name('a')]])).toEqual(['held'])
    leases.abandon()
    expect(leases.claim([[name('a')]])).toEqual(['mine'])
  })

  it('are not opened for nothing, and need no store', () => {
    const closed = createUnitLeases(
      () => {
        throw new Error('opened')
      },
      () => {},
    )
    expect(closed.claim([[], []])).toEqual(['mine', 'mine'])
    closed.close()
    const alone = createUnitLeases(undefined, () => {})
    expect(alone.claim([[name('a')], [name('a')]])).toEqual(['mine', 'held'])
  })
})
