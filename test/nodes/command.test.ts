import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import type { PathRef } from '../../engine/contract/node.ts'
import { commandRun } from '../../nodes/command/run.ts'
import { project, write } from '../helpers/project.ts'
import { runNode, type TestRun, testRun } from '../helpers/run-context.ts'
import { stored } from '../helpers/stored.ts'

const node = process.execPath
const nothing = { shell: false, files: {}, folders: {}, names: [], env: {}, pass_env: [], outputs: {} }

function fileRef(folder: string, name: string): PathRef {
  const path = join(folder, name)
  return { path, sha256: sha256(readFileSync(path)) }
}

function newRun(signal?: AbortSignal): TestRun {
  return testRun({ wanted: Object.keys(commandRun.outputs), ...(signal === undefined ? {} : { signal }) })
}

/** Runs a script of node as the program, with what `changes` declares. */
function script(code: string, changes: object, inputs: object = {}, run: TestRun = newRun()) {
  return runNode(commandRun, inputs as never, { ...nothing, run: [node, '-e', code], ...changes }, run)
}

async function failure(promise: Promise<unknown>): Promise<TaskError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(TaskError)
  return error as TaskError
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z')
  } catch {
    return false
  }
}

describe('a program', () => {
  it('finds declared files, links to folders and values of inputs under their names, and nothing else', async () => {
    const folder = project({ 'src/a.txt': 'file a', 'data/one/b.txt': 'file b' })
    const { file } = await script(
      `const fs = require('fs')
       const list = fs.readdirSync('.', { recursive: true }).sort()
       const texts = ['conf/a.txt', 'data/one/b.txt', 'in.json', 'raw.bin'].map(name => fs.readFileSync(name, 'utf8'))
       fs.writeFileSync('made/out.json', JSON.stringify([list.filter(name => !name.startsWith('data/')), texts]))`,
      {
        files: { 'conf/a.txt': fileRef(folder, 'src/a.txt') },
        folders: { data: { path: join(folder, 'data'), sha256: '' } },
        names: ['in.json', 'raw.bin'],
        outputs: { file: 'made/out.json' },
      },
      {
        inputs: [
          stored('table', { columns: ['b', 'a'], rows: [] }),
          stored('file', new TextEncoder().encode('raw bytes')),
        ],
      },
    )
    expect(JSON.parse(readFileSync(file as string, 'utf8'))).toEqual([
      ['conf', 'conf/a.txt', 'data', 'in.json', 'made', 'raw.bin'],
      ['file a', 'file b', '{"columns":["b","a"],"rows":[]}\n', 'raw bytes'],
    ])
  })

  it('gets its words as they are written: no shell, no patterns, no variables', async () => {
    const words = ['two words', '*', '$HOME', '`id`', '; exit 1', '"']
    const run = [node, '-e', 'fs.writeFileSync("o", JSON.stringify(process.argv.slice(1)))', ...words]
    const { file } = await script('', { run, outputs: { file: 'o' } })
    expect(JSON.parse(readFileSync(file as string, 'utf8'))).toEqual(words)
  })

  it('goes through the shell only when asked', async () => {
    const { file } = await script('', { run: ['echo a b | tr a-z A-Z > o'], shell: true, outputs: { file: 'o' } })
    expect(readFileSync(file as string, 'utf8')).toBe('A B\n')
  })

  it('sees the declared environment and a minimum', async () => {
    vi.stubEnv('SECRET_OF_THE_USER', 'x').stubEnv('PASSED', 'p')
    const { file } = await script('fs.writeFileSync("o", JSON.stringify(process.env))', {
      env: { A: 'b', TZ: 'Asia/Tokyo' },
      pass_env: ['PASSED', 'NOT_THERE'],
      outputs: { file: 'o' },
    })
    vi.unstubAllEnvs()
    const seen = JSON.parse(readFileSync(file as string, 'utf8')) as { readonly [name: string]: string }
    const minimum = ['HOME', 'LANG', 'PATH', 'PYTHONDONTWRITEBYTECODE', 'TMPDIR', 'TZ']
    expect(Object.keys(seen).sort()).toEqual([...minimum, 'A', 'PASSED'].sort())
    expect(seen).toMatchObject({ A: 'b', PASSED: 'p', TZ: 'Asia/Tokyo', LANG: 'C.UTF-8' })
  })

  it('may print an output, and its folder is gone afterwards', async () => {
    const run = newRun()
    const made = await script(
      'console.log(process.cwd()); fs.writeFileSync(process.env.TMPDIR + "/left", "")',
      { outputs: { file: 'log.txt' }, stdout: 'log.txt' },
      {},
      run,
    )
    const printed = readFileSync(made['file'] as string, 'utf8').trim()
    expect(existsSync(printed)).toBe(false)
    const scratch = dirname(made['file'] as string)
    expect(readdirSync(scratch).map(name => join(scratch, name))).toEqual([made['file']])
    expect(made['file']).toMatch(/\.txt$/)
  })

  it('writes tables and numbers as JSON', async () => {
    const table = {
      columns: ['name', 'n'],
      rows: [
        ['a', 1.5],
        [null, 2],
      ],
    }
    const metrics = { box: { AP: 0.5, AR: null } }
    const write = `fs.writeFileSync('t.json', ${JSON.stringify(JSON.stringify(table))})
      fs.writeFileSync('m.json', ${JSON.stringify(JSON.stringify(metrics))})`
    expect(await script(write, { outputs: { table: 't.json', metrics: 'm.json' } })).toMatchObject({ table, metrics })
  })

  it('can be an executable file of the project', async () => {
    const folder = project({ 'tool.sh': '#!/bin/sh\necho made by a tool > o\n' })
    const { chmodSync } = await import('node:fs')
    chmodSync(join(folder, 'tool.sh'), 0o755)
    const changes = { run: ['./tool'], files: { tool: fileRef(folder, 'tool.sh') }, outputs: { file: 'o' } }
    const { file } = await script('', changes)
    expect(readFileSync(file as string, 'utf8')).toBe('made by a tool\n')
  })

  it('runs alone in its worker', async () => {
    const run = newRun()
    const folder = project()
    const log = join(folder, 'log')
    const code = `const log = ${JSON.stringify(log)}
      fs.appendFileSync(log, 'begin ')
      const until = Date.now() + 50; while (Date.now() < until);
      fs.appendFileSync(log, 'end ')
      fs.writeFileSync('o', '')`
    await Promise.all([1, 2, 3].map(() => script(code, { outputs: { file: 'o' } }, {}, run)))
    expect(readFileSync(log, 'utf8').trim().split(' ')).toEqual(['begin', 'end', 'begin', 'end', 'begin', 'end'])
  })
})

describe('a program that fails', () => {
  it('is reported with its exit code and the last it wrote', async () => {
    const run = newRun()
    const error = await failure(
      script(
        'for (let i = 0; i < 100; i++) console.log("line " + i); console.error("cannot go on"); process.exitCode = 3',
        { outputs: { file: 'o' } },
        {},
        run,
      ),
    )
    expect(error.diagnostic).toMatchObject({ code: 'command-failed', message: expect.stringMatching(/exit code 3$/) })
    const notes = error.diagnostic.notes?.map(({ message }) => message) ?? []
    expect(notes).toContain('cannot go on')
    expect(notes).toContain('line 99')
    expect(notes.length).toBeLessThanOrEqual(30)
    expect(readdirSync(dirname(run.scratch[0] as string))).toEqual([])
  })

  it.each<[string, string, object, RegExp]>([
    ['is killed', 'process.kill(process.pid, "SIGSEGV")', { file: 'o' }, /was ended by SIGSEGV$/],
    ['writes nothing', '', { file: 'o' }, /did not write `o`; it wrote nothing$/],
    ['writes another file', 'fs.writeFileSync("scroes.csv", "")', { file: 'scores.csv' }, /it wrote scroes\.csv$/],
    ['writes a folder', 'fs.mkdirSync("o")', { file: 'o' }, /`o` is a folder; expected a file$/],
    ['writes a link', 'fs.symlinkSync("/etc/hostname", "o")', { file: 'o' }, /`o` is a link; expected a file$/],
    ['writes no JSON', 'fs.writeFileSync("o", "a,b")', { table: 'o' }, /^o: is not JSON/],
    ['writes no table', 'fs.writeFileSync("o", "[1]")', { table: 'o' }, /^o: found a list of 1; expected \{ "columns"/],
    [
      'writes a broken row',
      `fs.writeFileSync("o", '{"columns":["a"],"rows":[[1],[{}]]}')`,
      { table: 'o' },
      /row 1 is no/,
    ],
    ['writes a short row', `fs.writeFileSync("o", '{"columns":["a"],"rows":[[]]}')`, { table: 'o' }, /0 cells/],
    ['writes no numbers', `fs.writeFileSync("o", '{"box":{"AP":"x"}}')`, { metrics: 'o' }, /`box` \/ `AP` is "x"/],
    ['writes no groups', `fs.writeFileSync("o", '{"AP":1}')`, { metrics: 'o' }, /`AP` is 1/],
  ])('because it %s', async (_how, code, outputs, message) => {
    expect((await failure(script(code, { outputs }))).message).toMatch(message)
  })

  it('suggests the file that was meant', async () => {
    const error = await failure(script('fs.writeFileSync("scroes.csv", "")', { outputs: { file: 'scores.csv' } }))
    expect(error.diagnostic.fix).toBe('did you mean `scroes.csv`?')
  })

  it('because it is not there', async () => {
    const error = await failure(script('', { run: ['/no/such/program'], outputs: { file: 'o' } }))
    expect(error.message).toMatch(/could not be started: .*ENOENT/)
  })

  it('does not start when a declared file was changed since the plan', async () => {
    const folder = project({ 'a.py': 'one' })
    const ref = fileRef(folder, 'a.py')
    write(folder, { 'a.py': 'two' })
    const error = await failure(script('fs.writeFileSync("o", "")', { files: { a: ref }, outputs: { file: 'o' } }))
    expect(error.diagnostic.code).toBe('input-changed')
  })
})

describe('everything a program started', () => {
  /** Starts a child that outlives it, writes both ids, and waits. */
  const family = (
    log: string,
  ) => `const child = require('child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
    fs.writeFileSync(${JSON.stringify(log)}, JSON.stringify([process.pid, child.pid]))`

  it.runIf(process.platform === 'linux')('ends when the task is given up', async () => {
    const log = join(project(), 'pids')
    const abort = new AbortController()
    const running = failure(
      script(`${family(log)}; process.on('SIGTERM', () => {})`, { outputs: { file: 'o' } }, {}, newRun(abort.signal)),
    )
    await vi.waitUntil(() => existsSync(log) && statSync(log).size > 0, { timeout: 20_000 })
    const pids = JSON.parse(readFileSync(log, 'utf8')) as readonly number[]
    expect(pids.filter(isAlive)).toEqual(pids)
    abort.abort()
    await running
    await vi.waitUntil(() => !pids.some(isAlive), { timeout: 20_000 })
  })

  it.runIf(process.platform === 'linux')('ends when the program has ended', async () => {
    const log = join(project(), 'pids')
    await script(`${family(log)}; fs.writeFileSync('o', ''); process.exit(0)`, { outputs: { file: 'o' } })
    const pids = JSON.parse(readFileSync(log, 'utf8')) as readonly number[]
    await vi.waitUntil(() => !pids.some(isAlive), { timeout: 20_000 })
  })
})

it('is not disturbed by links in the folder it removes', async () => {
  const folder = project({ 'data/keep.txt': 'x' })
  mkdirSync(join(folder, 'other'))
  writeFileSync(join(folder, 'other/keep.txt'), 'y')
  symlinkSync(join(folder, 'other'), join(folder, 'data/link'))
  await script('fs.writeFileSync("o", "")', {
    folders: { data: { path: join(folder, 'data'), sha256: '' } },
    outputs: { file: 'o' },
  })
  expect(readFileSync(join(folder, 'data/keep.txt'), 'utf8')).toBe('x')
  expect(readFileSync(join(folder, 'other/keep.txt'), 'utf8')).toBe('y')
})
