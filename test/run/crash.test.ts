import { afterEach, describe, expect, it } from 'vitest'
import type { RunEvent } from '../../engine/contract/event.ts'
import { createSeats } from '../../engine/run/seats.ts'
import { endOfProcess, endOfThread } from '../../engine/run/worker-end.ts'
import { createRig, imbalance, type Rig, type RigRun } from '../helpers/rig.ts'

let rig: Rig | undefined
afterEach(() => {
  rig?.close()
  rig = undefined
})

const words = ['apple', 'birch bad', 'cedar', 'dogwood', 'elder', 'fir']
const texts = Object.fromEntries(words.map(word => [word.slice(0, 1), word]))

function killing(how: string, times = 1000): string {
  return `maskloom: 1
name: killing
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  kill:
    uses: fake/kill
    with: { word: bad, folder: FOLDER, how: ${how}, times: ${times}, limit_ms: 20 }
    in: { texts: texts.texts }
outputs: { kill: kill.text }
`
}

function start(pipeline: string): Rig {
  rig = createRig('', texts)
  rig.write('pipeline.yaml', pipeline.replaceAll('FOLDER', rig.folder))
  return rig
}

function failures(run: RigRun): readonly (RunEvent & { type: 'task.failed' })[] {
  return run.events.filter(event => event.type === 'task.failed')
}

function remarks(run: RigRun): readonly string[] {
  return run.events.flatMap(event => (event.type === 'remark' ? [event.message] : []))
}

/** How often a text was tried. */
async function tries(word: string): Promise<number> {
  const { readFileSync } = await import('node:fs')
  return readFileSync(`${rig!.folder}/tries-${word}`, 'utf8').length
}

describe('an item that crashes its worker', () => {
  it('is quarantined after three crashes; those that were with it lose nothing but time', async () => {
    const run = await start(killing('SIGSEGV')).run({ keepGoing: true })
    expect(run.finished).toMatchObject({ status: 'failed', tasks: { failed: 1, skipped: 0 } })
    const [failure] = failures(run)
    expect(failure).toMatchObject({ item: 'b', address: 'kill' })
    expect(failure?.problem).toMatchObject({ code: 'worker-crash' })
    expect(failure?.problem.message).toMatch(/^3 workers died on it; the last one crashed in native code \(SIGSEGV\)/)
    expect(failure?.problem.fix).toMatch(/others go on with --keep-going/)
    expect(await tries('birch')).toBe(3)
    // Its neighbour is tried a second time, alone.
    expect((await tries('apple')) + (await tries('cedar'))).toBeLessThanOrEqual(3)
    expect(run.finished.tasks.done).toBe(6 + 5)
    expect(imbalance(run)).toEqual({})
  })

  it('costs attempts only: what works the third time is done', async () => {
    const run = await start(killing('SIGABRT', 2)).run()
    expect(run.finished).toMatchObject({ status: 'done', tasks: { failed: 0 } })
    expect(await tries('birch')).toBe(3)
    expect(remarks(run)).toContain('a worker crashed in native code (SIGABRT); what it was doing is tried again')
    expect(imbalance(run)).toEqual({})
  })

  it('is told apart from one that the system killed for memory', async () => {
    const run = await start(killing('SIGKILL')).run({ keepGoing: true, slots: 2 })
    const [failure] = failures(run)
    expect(failure?.problem.message).toMatch(/the last one was killed .*memory.* \(SIGKILL\)$/)
    expect(failure?.problem.fix).toMatch(/fewer --slots/)
    expect(run.finished.tasks).toMatchObject({ failed: 1, done: 11 })
  })

  it('stops the run without keepGoing, and the next run tries it again', async () => {
    const first = await start(killing('SIGSEGV', 3)).run()
    expect(first.finished.status).toBe('failed')
    const second = await rig!.run()
    expect(second.finished).toMatchObject({ status: 'done', tasks: { failed: 0 } })
    expect(await tries('birch')).toBe(4)
  })
})

describe('the end of a worker', () => {
  const end = { code: null, signal: null, killed: false, errorText: '', memoryKills: false }

  it.each([
    [{ signal: 'SIGSEGV' }, 'crash', 'crashed in native code (SIGSEGV)'],
    [
      { signal: 'SIGBUS', errorText: 'a\nb\nc\nd\n' },
      'crash',
      'crashed in native code (SIGBUS); it last said: b / c / d',
    ],
    [{ code: 0xc0000005 }, 'crash', 'crashed in native code (exit code 0xc0000005)'],
    [{ code: 3 }, 'crash', 'ended by itself (exit code 3)'],
    [{ signal: 'SIGKILL' }, 'memory', 'was killed from outside, most likely for lack of memory (SIGKILL)'],
    [
      { signal: 'SIGKILL', memoryKills: true },
      'memory',
      'was killed by the system, which had run out of memory (SIGKILL)',
    ],
    [
      {
        signal: 'SIGABRT',
        errorText: 'FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory',
      },
      'memory',
      'ran out of memory for JavaScript objects',
    ],
    [{ signal: 'SIGTERM' }, 'ended', 'was ended from outside (SIGTERM)'],
    [{ signal: 'SIGKILL', killed: true }, 'ended', 'was ended by the run'],
  ])('%o is put into words', (part, cause, text) => {
    expect(endOfProcess({ ...end, ...part })).toEqual({ cause, text })
  })

  it('of a thread is put into words, too', () => {
    const memory = Object.assign(new Error('Worker terminated due to reaching memory limit'), {
      code: 'ERR_WORKER_OUT_OF_MEMORY',
    })
    expect(endOfThread(memory, false).cause).toBe('memory')
    expect(endOfThread(new Error('oops'), false)).toEqual({ cause: 'crash', text: 'ended with an error (oops)' })
    expect(endOfThread(undefined, true)).toEqual({ cause: 'ended', text: 'was ended by the run' })
  })
})

describe('seats', () => {
  /** Takes seats and notes who got which, in the order in which they got them. */
  function seating(slots: readonly string[], perSlot: number) {
    const seats = createSeats(slots)
    const got: string[] = []
    const take = (who: string, alone = false) => {
      void seats.take(alone, perSlot).then(slot => got.push(`${who}:${slot}`))
      return Promise.resolve()
    }
    return { seats, got, take }
  }

  it('are given where there is most room', async () => {
    const { got, take } = seating(['x', 'y'], 2)
    for (const who of ['a', 'b', 'c', 'd', 'e']) await take(who)
    expect(got).toEqual(['a:x', 'b:y', 'c:x', 'd:y'])
  })

  it('for one stay empty beside him, and one slot empties for him while others go on', async () => {
    const { seats, got, take } = seating(['x', 'y'], 2)
    for (const who of ['a', 'b']) await take(who)
    await take('alone', true)
    for (const who of ['c', 'd']) await take(who)
    // x is kept free of company until a leaves; y takes one more.
    expect(got).toEqual(['a:x', 'b:y', 'c:y'])
    seats.leave('x')
    await Promise.resolve()
    expect(got).toEqual(['a:x', 'b:y', 'c:y', 'alone:x'])
    seats.leave('y')
    await Promise.resolve()
    expect(got.at(-1)).toBe('d:y')
    await take('e')
    expect(got).toHaveLength(5)
    seats.leave('x')
    await Promise.resolve()
    expect(got.at(-1)).toBe('e:x')
  })

  it('are given to nobody once they are abandoned', async () => {
    const { seats, got, take } = seating(['x'], 1)
    for (const who of ['a', 'b']) await take(who)
    seats.abandon()
    await take('c')
    await Promise.resolve()
    expect(got).toEqual(['a:x', 'b:undefined', 'c:undefined'])
  })
})
