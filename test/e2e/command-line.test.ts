import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoProject, demoProject, eventsOf, finishedOf } from '../helpers/demo-project.ts'

/** What the command says and how it ends, from outside. */
let demo: DemoProject
const oneView = ['--set', 'models=[demo/models/L1]', '--set', 'scales=[240]', '--set', 'flips=[none]']

beforeAll(() => {
  demo = demoProject({ images: 3 })
})

afterAll(() => demo.remove())

describe('a run that ends well', () => {
  it('exits with 0; with --json every line is an event and the last one sums up', async () => {
    const ended = await demo.maskloom('run', 'zoo-reference', ...oneView, '--json')
    expect(ended.code).toBe(0)
    expect(ended.stderr).toBe('')
    const events = eventsOf(ended)
    expect(events[0]).toMatchObject({ type: 'run.started', pipeline: 'zoo-reference' })
    expect(events.filter(event => event.type === 'run.finished')).toHaveLength(1)
    expect(events.at(-1)).toEqual({
      type: 'run.finished',
      atMs: expect.any(Number),
      status: 'done',
      tasks: { hit: 0, done: 27, rebuilt: 0, failed: 0, skipped: 0 },
      inferences: 3,
      outputs: {
        metrics: demo.path('out', 'zoo-reference', 'metrics.json'),
        table: demo.path('out', 'zoo-reference', 'table.json'),
        instances: demo.path('out', 'zoo-reference', 'instances.json'),
      },
      wallMs: expect.any(Number),
    })
  })

  it('prints plain lines, the summary and the table when nobody watches', async () => {
    const ended = await demo.maskloom('run', 'zoo-reference', ...oneView, '--plain')
    expect(ended.code).toBe(0)
    expect(ended.stderr).toBe('')
    const lines = ended.stdout.split('\n')
    expect(lines[0]).toMatch(/^zoo-reference {2}run \d{8}-\d{6}-/)
    expect(lines[1]).toMatch(/^11 steps, 11 cells · lanes: gpu \d+, cpu \d+, io \d+ · memory /)
    expect(ended.stdout).toContain('✔ ensemble/propose: 3 tasks, 3 cached')
    expect(ended.stdout).toContain('27 tasks cached, 0 computed · 0 inferences')
    expect(ended.stdout).toMatch(/\n {2}instances +\S+instances\.json +1 file, .* \(unchanged\)\n/)
    expect(ended.stdout).toMatch(/\ntable\nclass +name +truths +box AP/)
  })
})

describe('what is wrong with pipeline or arguments', () => {
  it.each([
    { args: ['run', 'zoo-reference', '--slot', '2'], says: "unknown option '--slot'" },
    { args: ['run', 'zoo-reference', '--slots', '0'], says: 'xpected a whole number of at least 1' },
    { args: ['run', 'zoo-referenc'], says: 'did you mean `zoo-reference`?' },
    { args: ['run', 'zoo-reference', '--set', 'model=3'], says: 'did you mean `models`?' },
    { args: ['run', 'zoo-reference', '--force', 'ensemble/prpose'], says: 'did you mean `ensemble/propose`?' },
    { args: ['run', 'zoo-reference', 'nothing'], says: 'outputs: metrics, table, instances' },
    { args: ['run', 'three-stage'], says: 'use it under `uses:` of a step' },
    { args: ['rn'], says: '(Did you mean run?)' },
  ])('exits with 2 and says what to do: $args', async ({ args, says }) => {
    const ended = await demo.maskloom(...args)
    expect(ended.stderr).toContain(says)
    expect(ended.code).toBe(2)
    expect(ended.stdout).toBe('')
  })

  it('is one JSON document with --json', async () => {
    const ended = await demo.maskloom('run', 'zoo-reference', '--set', 'scales=[true]', '--json')
    expect(ended.code).toBe(2)
    const { ok, problems } = JSON.parse(ended.stdout) as { ok: boolean; problems: readonly { message: string }[] }
    expect(ok).toBe(false)
    expect(problems.length).toBeGreaterThan(0)
  })
})

describe('a run that is interrupted', () => {
  it('finishes what is in flight at the first SIGINT, exits with 130 and goes on next time', async () => {
    const args = ['run', 'zoo-reference', '--set', 'models=[demo/models/L2]', '--json'] as const
    const started = demo.start(...args)
    let sent = false
    started.child.stdout?.on('data', () => {
      if (sent || !/"inferences":1[,}]/.test(started.soFar())) return
      sent = true
      started.child.kill('SIGINT')
    })
    const ended = await started.ended
    expect(ended.code).toBe(130)
    const finished = finishedOf(ended)
    expect(finished).toMatchObject({ status: 'interrupted', outputs: {}, tasks: { failed: 0 } })
    expect(finished.inferences).toBeLessThan(12)
    expect(eventsOf(ended).some(event => event.type === 'run.stopping')).toBe(true)
    const rest = await demo.maskloom(...args)
    expect(rest.code).toBe(0)
    expect(finishedOf(rest).inferences).toBe(12 - finished.inferences)
  })

  it('does the same when the terminal sends it to the whole process group', async () => {
    const args = ['run', 'zoo-reference', '--set', 'models=[demo/models/L3]', '--json'] as const
    const started = demo.start(...args)
    let sent = false
    started.child.stdout?.on('data', () => {
      if (sent || !/"inferences":1[,}]/.test(started.soFar())) return
      sent = true
      process.kill(-started.child.pid!, 'SIGINT')
    })
    const ended = await started.ended
    expect(ended.code).toBe(130)
    expect(finishedOf(ended)).toMatchObject({ status: 'interrupted', tasks: { failed: 0 } })
    const rest = await demo.maskloom(...args)
    expect(finishedOf(rest).inferences).toBe(12 - finishedOf(ended).inferences)
  })

  it('gives up what is in flight at the second SIGINT', async () => {
    const started = demo.start('run', 'zoo-reference', '--set', 'scales=[256]', '--json')
    let sent = 0
    started.child.stdout?.on('data', () => {
      if (sent === 0 && /"inferences":1[,}]/.test(started.soFar())) {
        sent = 1
        started.child.kill('SIGINT')
      } else if (sent === 1 && started.soFar().includes('run.stopping')) {
        sent = 2
        started.child.kill('SIGINT')
      }
    })
    const ended = await started.ended
    expect(ended.code).toBe(130)
    expect(finishedOf(ended)).toMatchObject({ status: 'interrupted', tasks: { failed: 0 } })
    const rest = await demo.maskloom('run', 'zoo-reference', '--set', 'scales=[256]', '--json')
    expect(rest.code).toBe(0)
  })
})
