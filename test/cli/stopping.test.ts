import { describe, expect, it } from 'vitest'
import { fakeNodes } from '../helpers/api-run.ts'
import { command, startCommand } from '../helpers/command.ts'
import { project } from '../helpers/project.ts'
import { stagedPipeline } from '../helpers/staged-pipeline.ts'

// First letters differ: equal outlines would be one task.
const texts = Object.fromEntries([...'abcdefghijkl'].map(letter => [`texts/${letter}.txt`, `${letter}-text`]))
const files = { 'pipeline.yaml': stagedPipeline, ...texts }
const run = ['run', 'pipeline.yaml', '--nodes', fakeNodes, '--slots', '1', '--workers', '1'] as const

const lastEvent = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')

describe('a run with --max-time', () => {
  it('drains when the time is over, exits with 3, and goes on next time', async () => {
    const folder = project(files)
    const first = await command(folder, ...run, '--set', 'delay=400', '--max-time', '2s', '--json')
    expect(first.code).toBe(3)
    expect(first.stdout).toContain('the time given with --max-time is over')
    const stopped = lastEvent(first.stdout)
    expect(stopped).toMatchObject({ type: 'run.finished', status: 'stopped', tasks: { failed: 0 } })
    expect(stopped.tasks.done).toBeLessThan(97)
    const second = await command(folder, ...run, '--json')
    expect(second.code).toBe(0)
    expect(lastEvent(second.stdout).tasks).toMatchObject({ hit: stopped.tasks.done, done: 97 - stopped.tasks.done })
  })

  it('says nothing of it when it is done in time', async () => {
    const ended = await command(project(files), ...run, '--max-time', '1h')
    expect(ended.code).toBe(0)
    expect(ended.stdout).not.toContain('stopping')
  })
})

describe('a run that is asked to stop', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s drains and exits with 130', async signal => {
    const folder = project(files)
    const started = startCommand(folder, ...run, '--set', 'delay=200', '--json')
    await started.saw(/"task.done","step":"scan"/)
    started.child.kill(signal)
    const ended = await started.ended
    expect(ended.code).toBe(130)
    expect(lastEvent(ended.stdout)).toMatchObject({ status: 'interrupted', tasks: { failed: 0 } })
  })
})

describe('a reader that leaves', () => {
  it('ends nothing and leaves no trace of an error', async () => {
    const folder = project(files)
    const started = startCommand(folder, ...run, '--json')
    await started.saw(/run\.started/)
    started.child.stdout?.destroy()
    const ended = await started.ended
    expect(ended).toMatchObject({ code: 0, stderr: '' })
    const runs = JSON.parse((await command(folder, 'runs', '--json')).stdout)
    expect(runs).toMatchObject([{ status: 'done' }])
  })
})
