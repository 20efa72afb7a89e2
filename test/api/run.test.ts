import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { type LoadOptions, load, type Pipeline } from '../../engine/api/load.ts'
import { PipelineError } from '../../engine/api/pipeline-error.ts'
import { plan } from '../../engine/api/plan.ts'
import type { RunOptions } from '../../engine/api/prepare-run.ts'
import { run } from '../../engine/api/run.ts'
import type { RunEvent } from '../../engine/contract/event.ts'
import { foldEvents } from '../../engine/report/apply-event.ts'
import { readJournal } from '../../engine/report/journal.ts'
import { project, write } from '../helpers/project.ts'

/** Programs instead of models: quick, and each leaves a trace of having run. */
const script = `const fs = require('fs')
fs.appendFileSync(process.argv[1], 'x')
const waitMs = Number(process.argv[2] ?? 0)
const until = Date.now() + waitMs
while (Date.now() < until);
fs.writeFileSync('o.txt', process.argv[3] ?? 'made')
`

const text = (waitMs = 0) =>
  `maskloom: 1
params:
  word: { type: string, default: made }
  trace: { type: string, default: trace }
steps:
  first:
    uses: command/run
    with: { run: [${process.execPath}, -e, "\${params.code}", "\${params.trace}", "${waitMs}", "\${params.word}"], outputs: { file: o.txt } }
  second:
    uses: command/run
    with: { run: [cp, in.txt, o.txt], names: [in.txt], outputs: { file: o.txt } }
    in: { inputs: [first.file] }
outputs: { out: second.file }
`.replace('params:\n', 'params:\n  code: { type: string }\n')

async function open(folder: string, options: LoadOptions = {}): Promise<Pipeline> {
  const params = { code: script, trace: join(folder, 'trace'), ...options.params }
  return load('pipeline.yaml', { directory: folder, allowCommands: true, ...options, params })
}

async function eventsOf(pipeline: Pipeline, options: RunOptions = {}) {
  const events: RunEvent[] = []
  const running = run(pipeline, options)
  for await (const event of running) events.push(event)
  return { events, finished: await running.finished }
}

const traceOf = (folder: string) =>
  existsSync(join(folder, 'trace')) ? readFileSync(join(folder, 'trace'), 'utf8') : ''

describe('load', () => {
  it('gives plain data that says what the pipeline is', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    const pipeline = await open(folder, { params: { word: 'other' } })
    expect(pipeline).toMatchObject({ name: 'pipeline', path: join(folder, 'pipeline.yaml'), root: folder })
    expect([...pipeline.file.params.keys()]).toEqual(['code', 'word', 'trace'])
    expect(existsSync(join(folder, '.maskloom'))).toBe(false)
  })

  it.each<[string, string, LoadOptions, string]>([
    ['a file that is not there', 'nothing', {}, 'missing-file'],
    ['a broken file', 'broken.yaml', {}, 'unknown-key'],
    ['a parameter that does not exist', 'pipeline.yaml', { params: { wrod: 'x' } }, 'unknown-param'],
    ['a value of the wrong type', 'pipeline.yaml', { params: { word: 3 } }, 'wrong-type'],
    ['a setting of the wrong form', 'pipeline.yaml', { set: ['word'] }, 'bad-argument'],
    ['a parameter file that is not there', 'pipeline.yaml', { paramFiles: ['nothing.yaml'] }, 'missing-file'],
    ['a module of nodes that is not there', 'pipeline.yaml', { nodes: ['./nothing.js'] }, 'bad-nodes'],
  ])('throws for %s what check tells', async (_what, name, options, code) => {
    const directory = project({ 'pipeline.yaml': text(), 'broken.yaml': 'maskloom: 1\nstep: {}\n' })
    const error: unknown = await load(name, { directory, ...options }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(PipelineError)
    const { problems, message } = error as PipelineError
    expect(problems.map(problem => problem.code)).toContain(code)
    expect(message).toContain(problems[0]?.message)
    expect((await check(name, { directory, ...options })).problems).toEqual(problems)
  })

  it('lets params win over parameter files, and set over both', async () => {
    const folder = project({ 'pipeline.yaml': text(), 'p.yaml': 'word: from the file\n' })
    const word = async (options: LoadOptions) =>
      (await load('pipeline.yaml', { directory: folder, ...options })).settings.get('word')?.value
    expect(await word({ paramFiles: ['p.yaml'] })).toBe('from the file')
    expect(await word({ paramFiles: ['p.yaml'], params: { word: 'from the program' } })).toBe('from the program')
    expect(await word({ params: { word: 'from the program' }, set: ['word=last'] })).toBe('last')
  })
})

describe('run', () => {
  it('gives every event from the first to the last, in order, and the journal has the same', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    const { events, finished } = await eventsOf(await open(folder))
    expect(events[0]?.type).toBe('run.started')
    expect(events.at(-1)).toEqual(finished)
    expect(finished).toMatchObject({ status: 'done', tasks: { done: 2, hit: 0 } })
    expect(readFileSync(finished.outputs['out']!, 'utf8')).toBe('made')
    const [journal] = readdirSync(join(folder, '.maskloom/runs'))
    const recorded = [...readJournal(join(folder, '.maskloom/runs', journal!))]
    expect(recorded).toEqual(JSON.parse(JSON.stringify(events)))
    expect(foldEvents(events).finished).toEqual(finished)
  })

  it('caches programs like any node: by words, files, inputs and declared environment', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    await run(await open(folder)).finished
    expect(await run(await open(folder)).finished).toMatchObject({ tasks: { hit: 2, done: 0 } })
    expect(traceOf(folder)).toBe('x')
    const changed = await run(await open(folder, { params: { word: 'other' } })).finished
    expect(changed).toMatchObject({ tasks: { hit: 0, done: 2 } })
    expect(readFileSync(changed.outputs['out']!, 'utf8')).toBe('other')
    // Another program with the same result: what comes after it is known.
    const cutOff = await run(await open(folder, { params: { word: 'other', code: `${script}// changed` } })).finished
    expect(cutOff).toMatchObject({ tasks: { hit: 1, done: 1 } })
    expect(traceOf(folder)).toBe('xxx')
  })

  it('does not change the process it runs in', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    const look = () => ({
      listeners: process.eventNames().map(name => [String(name), process.listenerCount(name)]),
      environment: { ...process.env },
      directory: process.cwd(),
      exitCode: process.exitCode,
    })
    const before = look()
    const written = [vi.spyOn(process.stdout, 'write'), vi.spyOn(process.stderr, 'write')]
    const exit = vi.spyOn(process, 'exit')
    await run(await open(folder)).finished
    expect(written.map(spy => spy.mock.calls)).toEqual([[], []])
    expect(exit).not.toHaveBeenCalled()
    vi.restoreAllMocks()
    expect(look()).toEqual(before)
  })

  it('may be read by several loops, each from where it begins', async () => {
    const running = run(await open(project({ 'pipeline.yaml': text() })))
    const read = async () => {
      const types: string[] = []
      for await (const event of running) types.push(event.type)
      return types
    }
    const [one, two] = await Promise.all([read(), read()])
    expect(one).toEqual(two)
    expect(one.length).toBeGreaterThan(4)
    expect(await read()).toEqual([])
  })

  it('goes on when a loop breaks off', async () => {
    const running = run(await open(project({ 'pipeline.yaml': text() })))
    for await (const event of running) {
      expect(event.type).toBe('run.started')
      break
    }
    expect(await running.finished).toMatchObject({ status: 'done' })
  })

  it('stops in order when asked, and goes on from there', async () => {
    const folder = project({ 'pipeline.yaml': text(300) })
    const running = run(await open(folder))
    for await (const event of running) if (event.type === 'unit.started') running.stop()
    expect(await running.finished).toMatchObject({ status: 'stopped', outputs: {}, tasks: { done: 1 } })
    expect(await run(await open(folder)).finished).toMatchObject({ status: 'done', tasks: { hit: 1, done: 1 } })
    expect(traceOf(folder)).toBe('x')
  })

  it('can be stopped before it has begun', async () => {
    const running = run(await open(project({ 'pipeline.yaml': text() })))
    running.stop()
    expect(await running.finished).toMatchObject({ status: 'stopped', outputs: {} })
  })

  it('gives up what is in flight when the signal aborts, programs included', async () => {
    const folder = project({ 'pipeline.yaml': text(600_000) })
    const abort = new AbortController()
    const running = run(await open(folder), { signal: abort.signal })
    await vi.waitUntil(() => traceOf(folder) === 'x', { timeout: 20_000 })
    const programs = await programsIn(join(folder, '.maskloom'))
    abort.abort()
    expect(await running.finished).toMatchObject({ status: 'interrupted', outputs: {} })
    await vi.waitUntil(() => programs.every(pid => !existsSync(`/proc/${pid}/cwd`)), { timeout: 20_000 })
    expect(programs.length).toBeGreaterThan(process.platform === 'linux' ? 0 : -1)
  })

  it('is over at once when the signal was aborted before', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    const finished = await run(await open(folder), { signal: AbortSignal.abort() }).finished
    expect(finished).toMatchObject({ status: 'interrupted', tasks: { done: 0 } })
    expect(traceOf(folder)).toBe('')
  })

  it('throws at once for options that do not fit, from the promise and from the loop', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    const wrong = (options: RunOptions) => open(folder).then(pipeline => run(pipeline, options))
    const unknown = { problems: [{ code: 'bad-argument', fix: 'did you mean `first`?' }] }
    await expect((await wrong({ force: ['frist'] })).finished).rejects.toMatchObject(unknown)
    const read = async () => {
      for await (const event of await wrong({ force: ['frist'] })) expect(event).toBeUndefined()
    }
    await expect(read()).rejects.toMatchObject(unknown)
    await expect((await wrong({ targets: ['nothing'] })).finished).rejects.toMatchObject({
      problems: [{ code: 'unknown-target' }],
    })
  })

  it('leaves no cache behind when told to keep none', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    const finished = await run(await open(folder, { cache: false }), { out: 'there' }).finished
    expect(readFileSync(finished.outputs['out']!, 'utf8')).toBe('made')
    expect(finished.outputs['out']).toBe(join(folder, 'there/out.txt'))
    expect(existsSync(join(folder, '.maskloom'))).toBe(false)
  })

  it('computes nothing twice when two runs share a cache in one process', async () => {
    const folder = project({ 'pipeline.yaml': text(200) })
    const pipeline = await open(folder)
    const both = await Promise.all([run(pipeline, { out: 'a' }).finished, run(pipeline, { out: 'b' }).finished])
    expect(both.map(({ status }) => status)).toEqual(['done', 'done'])
    expect(traceOf(folder)).toBe('x')
  })
})

describe('plan', () => {
  it('says what run then does', async () => {
    const folder = project({ 'pipeline.yaml': text() })
    expect((await plan(await open(folder))).totals).toMatchObject({ run: 2, maybe: 0, hit: 0 })
    await run(await open(folder)).finished
    expect((await plan(await open(folder))).totals).toMatchObject({ run: 0, maybe: 0, hit: 2 })
    write(folder, { 'pipeline.yaml': text(1) })
    const report = await plan(await open(folder), { targets: ['first.file'] })
    expect(report.totals).toMatchObject({ run: 1, maybe: 0, hit: 0 })
    expect(report.steps[0]?.reason).toContain('run')
  })
})

/** Ids of processes that work in a folder. */
async function programsIn(folder: string): Promise<readonly string[]> {
  const { readlinkSync } = await import('node:fs')
  return readdirSync('/proc').filter(pid => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(folder)
    } catch {
      return false
    }
  })
}
