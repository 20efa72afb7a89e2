import { afterEach, describe, expect, it } from 'vitest'
import { loadPipeline } from '../../engine/load/load.ts'
import { createRig, doneTasks, imbalance, type Rig, type RigRun } from '../helpers/rig.ts'

let rig: Rig | undefined
afterEach(() => {
  rig?.close()
  rig = undefined
})

const words = ['apple', 'birch bad', 'cedar bad', 'dogwood']
const texts = Object.fromEntries(words.map(word => [word.slice(0, 1), word]))

/** One step that may fail, with these keys, and one behind it. */
function pipeline(uses: string, parameters: string, keys = ''): string {
  return `maskloom: 1
name: tolerant
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  shaky:
    uses: fake/${uses}
    with: { word: bad, folder: FOLDER${parameters === '' ? '' : `, ${parameters}`} }
    in: { texts: texts.texts }
    ${keys}
  loud: { uses: fake/io-upper, in: { texts: shaky.text } }
  rest: { uses: fake/collect-rest, in: { texts: loud.text } }
outputs: { rest: rest.text }
`
}

async function run(text: string, options: Parameters<Rig['run']>[0] = {}): Promise<RigRun> {
  rig ??= createRig('', texts)
  rig.write('pipeline.yaml', text.replaceAll('FOLDER', rig.folder))
  const result = await rig.run(options)
  expect(imbalance(result)).toEqual({})
  return result
}

function failures(result: RigRun): readonly string[] {
  return result.events
    .flatMap(event => (event.type === 'task.failed' ? [`${event.item} ${event.problem.code}`] : []))
    .sort()
}

function remarks(result: RigRun): readonly string[] {
  return result.events.flatMap(event => (event.type === 'remark' ? [`${event.item}: ${event.message}`] : [])).sort()
}

describe('retries', () => {
  it('run a task again that failed, and say so', async () => {
    const result = await run(pipeline('flaky', 'times: 2', 'retries: 2'))
    expect(result.finished).toMatchObject({ status: 'done', tasks: { failed: 0 } })
    expect(remarks(result)).toEqual([
      'b: out of luck; trying again (1 of 2)',
      'b: out of luck; trying again (2 of 2)',
      'c: out of luck; trying again (1 of 2)',
      'c: out of luck; trying again (2 of 2)',
    ])
  })

  it('count any failure, a bug as well', async () => {
    const result = await run(pipeline('flaky', 'times: 1, how: bug', 'retries: 1'))
    expect(result.finished.status).toBe('done')
  })

  it('end: then the task has failed, with its own problem', async () => {
    const result = await run(pipeline('flaky', 'times: 2', 'retries: 1'), { keepGoing: true })
    expect(failures(result)).toEqual(['b bad-value', 'c bad-value'])
    expect(result.outputs['rest.txt']).toBe('\na: APPLE\nd: DOGWOOD\nfailed: b, c')
  })

  it('are not there unless asked for', async () => {
    const result = await run(pipeline('flaky', 'times: 1'), { keepGoing: true })
    expect(failures(result)).toEqual(['b bad-value', 'c bad-value'])
  })
})

describe('a timeout', () => {
  it('ends a try that waits for something, and others of the worker go on', async () => {
    const result = await run(pipeline('hang', 'limit_ms: 10', 'timeout: 300ms'), { keepGoing: true })
    expect(failures(result)).toEqual(['b timeout', 'c timeout'])
    expect(doneTasks(result)).toContain('shaky d')
    expect(remarks(result)).toEqual([])
  })

  it('is a failure like others: retried', async () => {
    const result = await run(pipeline('hang', 'times: 1', 'timeout: 0.3\n    retries: 1'))
    expect(result.finished.status).toBe('done')
    expect(remarks(result)[0]).toBe('b: it took longer than the 0.3 s its step allows; trying again (1 of 1)')
  })

  it.each([
    ['hang', 'deaf', 'a thread whose node does not listen'],
    ['hang', 'busy', 'a thread that computes without a pause'],
    ['hang-gpu', 'busy', 'a process that computes without a pause'],
  ])('ends %s (%s): %s', async (node, how) => {
    const result = await run(pipeline(node, `how: ${how}`, 'timeout: 300ms'), { keepGoing: true })
    expect(failures(result)).toEqual(['b timeout', 'c timeout'])
    expect(doneTasks(result)).toEqual(expect.arrayContaining(['shaky a', 'shaky d', 'rest']))
  })

  it('after which a worker had to be killed is retried as well', async () => {
    const result = await run(pipeline('hang', 'how: busy, times: 1', 'timeout: 300ms\n    retries: 1'))
    expect(result.finished).toMatchObject({ status: 'done', tasks: { failed: 0 } })
  })

  it('does not concern tasks that keep to it', async () => {
    const result = await run(pipeline('hang', 'times: 0, limit_ms: 30', 'timeout: 1h'))
    expect(result.finished.status).toBe('done')
  })
})

describe('max_failures', () => {
  it('lets the run go on up to so many failed items of the step', async () => {
    const result = await run(pipeline('flaky', '', 'max_failures: 2'))
    expect(result.finished).toMatchObject({ status: 'failed', tasks: { failed: 2 } })
    expect(result.outputs['rest.txt']).toContain('failed: b, c')
  })

  it('stops the run when there are more', async () => {
    const result = await run(pipeline('flaky', '', 'max_failures: 1'))
    expect(result.finished.status).toBe('failed')
    expect(result.outputs).toEqual({})
  })
})

describe('none of them', () => {
  it('is part of a key', async () => {
    await run(pipeline('flaky', 'times: 0'))
    const result = await run(pipeline('flaky', 'times: 0', 'retries: 3\n    timeout: 2m\n    max_failures: 7'))
    expect(result.executed).toEqual([])
  })
})

describe('a step that uses a pipeline', () => {
  it('hands them to the steps inside that say nothing else', async () => {
    rig = createRig('', texts)
    rig.write(
      'inner.yaml',
      `maskloom: 1
name: inner
inputs: { texts: { kind: text, per: item } }
steps:
  one: { uses: fake/upper, in: { texts: texts }, retries: 0 }
  two: { uses: fake/upper, in: { texts: one.text }, with: { suffix: "!" } }
outputs: { text: two.text }
`,
    )
    rig.write(
      'pipeline.yaml',
      `maskloom: 1
name: outer
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  inner: { uses: ./inner.yaml, in: { texts: texts.texts }, retries: 4, timeout: 90 }
outputs: { text: inner.text }
`,
    )
    const graph = await rig.compile()
    const tolerance = Object.fromEntries(graph.steps.map(step => [step.id, step.tolerance]))
    expect(tolerance).toEqual({
      texts: undefined,
      'inner/one': { retries: 0, timeoutMs: 90_000, maxFailures: 0 },
      'inner/two': { retries: 4, timeoutMs: 90_000, maxFailures: 0 },
    })
  })
})

describe('in a file', () => {
  function read(keys: string) {
    const text = `maskloom: 1\nname: x\nsteps:\n  a: { uses: fake/texts, ${keys} }\noutputs: { a: a.texts }\n`
    return loadPipeline('/p/x.yaml', () => text)
  }

  it.each([
    ['timeout: 30', 30_000],
    ['timeout: 0.5', 500],
    ['timeout: 250ms', 250],
    ['timeout: 30s', 30_000],
    ['timeout: 1.5m', 90_000],
    ['timeout: 2h', 7_200_000],
    ['timeout: 99999h', 2 ** 31 - 1],
  ])('%s is so many milliseconds', (keys, timeoutMs) => {
    const loaded = read(keys)
    expect(loaded.ok && loaded.value.steps.get('a')?.tolerance).toEqual({ timeoutMs })
  })

  it.each([
    'timeout: 0',
    'timeout: 0s',
    'timeout: 5 minutes',
    'timeout: -3',
    'timeout: [3]',
    'retries: -1',
    'retries: 1.5',
    'retries: many',
    'max_failures: -1',
  ])('%s is refused', keys => {
    const loaded = read(keys)
    expect(loaded.ok ? [] : loaded.problems.map(problem => problem.at === undefined)).toEqual([false])
  })
})
