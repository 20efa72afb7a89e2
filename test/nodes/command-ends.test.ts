import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { load } from '../../engine/api/load.ts'
import { run } from '../../engine/api/run.ts'
import { project } from '../helpers/project.ts'

const cli = fileURLToPath(new URL('../../bin.js', import.meta.url))

/** Writes its process id, waits, writes its output. SIGTERM and SIGINT mean nothing to it. */
const program = `const fs = require('fs')
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => {})
fs.writeFileSync(process.argv[1], String(process.pid))
setTimeout(() => fs.writeFileSync('o.txt', 'made'), Number(process.argv[2]))
`

function waiting(ms: number, limits = ''): string {
  const words = JSON.stringify([process.execPath, '-e', program, '__PID__', String(ms)])
  return `maskloom: 1
steps:
  slow: { uses: command/run, with: { run: ${words}, outputs: { file: o.txt } }${limits} }
outputs: { out: slow.file }
`
}

function slowProject(ms: number, limits = '') {
  const folder = project()
  const pid = join(folder, 'pid')
  const text = waiting(ms, limits).replace('__PID__', pid)
  return {
    folder: project({ 'pipeline.yaml': text }),
    pidOf: () => Number(readFileSync(pid, 'utf8')),
    started: () => existsSync(pid) && readFileSync(pid, 'utf8') !== '',
  }
}

function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z')
}

/** The command line in a process group of its own, as a terminal would have it. */
function start(folder: string) {
  const args = [cli, 'run', 'pipeline.yaml', '--allow-commands', '--json']
  const child = spawn(process.execPath, args, { cwd: folder, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  let printed = ''
  child.stdout.on('data', chunk => {
    printed += String(chunk)
  })
  const ended = new Promise<number | null>(resolve => child.on('close', resolve))
  onTestFinished(() => void child.kill('SIGKILL'))
  return { child, ended, printed: () => printed }
}

const patiently = { timeout: 30_000 }

describe('a program that is running', () => {
  it('ends with a run that is killed, and the next run clears up after both', async () => {
    const { folder, pidOf, started } = slowProject(600_000)
    const { child, ended } = start(folder)
    await vi.waitUntil(started, patiently)
    const pid = pidOf()
    expect(isAlive(pid)).toBe(true)
    child.kill('SIGKILL')
    await ended
    await vi.waitUntil(() => !isAlive(pid), patiently)
    const scratch = join(folder, '.maskloom/tmp')
    expect(readdirSync(scratch)).not.toEqual([])
    const { problems } = await load('pipeline.yaml', { directory: folder, allowCommands: true }).then(pipeline =>
      run(pipeline, { targets: ['nothing'] }).finished.then(
        () => ({ problems: [] }),
        error => error as { problems: readonly unknown[] },
      ),
    )
    expect(problems).toHaveLength(1)
    expect(readdirSync(scratch)).toEqual([])
  })

  it('finishes when Ctrl-C is pressed once: what is in flight is stored', async () => {
    const { folder, started } = slowProject(1500)
    const { child, ended } = start(folder)
    await vi.waitUntil(started, patiently)
    process.kill(-child.pid!, 'SIGINT')
    expect(await ended).toBe(130)
    const pipeline = await load('pipeline.yaml', { directory: folder, allowCommands: true })
    expect(await run(pipeline).finished).toMatchObject({ status: 'done', tasks: { hit: 1, done: 0 } })
  })

  it('ends when Ctrl-C is pressed twice', async () => {
    const { folder, pidOf, started } = slowProject(600_000)
    const { child, ended, printed } = start(folder)
    await vi.waitUntil(started, patiently)
    const pid = pidOf()
    process.kill(-child.pid!, 'SIGINT')
    await vi.waitUntil(() => printed().includes('run.stopping'), patiently)
    process.kill(-child.pid!, 'SIGINT')
    expect(await ended).toBe(130)
    await vi.waitUntil(() => !isAlive(pid), patiently)
  })

  it('ends when its step has a timeout, and the run says so', async () => {
    const { folder, pidOf } = slowProject(600_000, ', timeout: 1500ms')
    const running = run(await load('pipeline.yaml', { directory: folder, allowCommands: true }))
    const problems: string[] = []
    for await (const event of running) if (event.type === 'task.failed') problems.push(event.problem.message)
    expect(await running.finished).toMatchObject({ status: 'failed', tasks: { failed: 1 } })
    expect(problems).toEqual([expect.stringMatching(/1\.5\s?s|1500/)])
    await vi.waitUntil(() => !isAlive(pidOf()), patiently)
  })
})
