import { describe, expect, it } from 'vitest'
import { fakeNodes } from '../helpers/api-run.ts'
import { startCommand } from '../helpers/command.ts'
import { project, write } from '../helpers/project.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

const texts = Object.fromEntries(Object.entries(threeTexts).map(([name, text]) => [`texts/${name}.txt`, text]))
const files = { 'pipeline.yaml': stagedPipeline, ...texts }
const watch = ['run', 'pipeline.yaml', '--watch', '--nodes', fakeNodes, '--slots', '1', '--workers', '1'] as const
const waiting = /^watching \d+ paths for changes/

/** By line that is an event or a plan. */
function jsonLines(stdout: string) {
  return stdout
    .split('\n')
    .filter(line => line.startsWith('{'))
    .map(line => JSON.parse(line))
}

describe('run --watch', () => {
  it('runs, and when a file it reads has changed says the cost and runs what it must; Ctrl-C ends it', async () => {
    const folder = project(files)
    const started = startCommand(folder, ...watch, '--json')
    await started.saw(waiting, 1)
    write(folder, { 'texts/p.txt': 'almond tree 1' })
    await started.saw(waiting, 2)
    write(folder, { 'texts/s.txt': 'sorbus 4' })
    await started.saw(waiting, 3)
    write(folder, { 'pipeline.yaml': stagedPipeline.replace('default: "!"', 'default: "?"') })
    await started.saw(waiting, 4)
    started.child.kill('SIGINT')
    const { code, stdout, stderr } = await started.ended
    expect(code).toBe(0)
    const lines = jsonLines(stdout)
    const plans = lines.filter(line => line.type === 'plan').map(line => line.totals)
    expect(plans).toMatchObject([
      { hit: 0, run: 25, inferences: 6 },
      { hit: 16, run: 9, inferences: 2 },
      { hit: 24, run: 9, inferences: 2 },
      { hit: 28, run: 4, maybe: 1, inferences: 0 },
    ])
    const finished = lines.filter(line => line.type === 'run.finished')
    expect(finished.map(line => [line.status, line.tasks.done])).toEqual([
      ['done', 25],
      ['done', 9],
      ['done', 9],
      ['done', 5],
    ])
    expect(stderr.match(/changed: .*/g)).toEqual([
      'changed: texts/p.txt',
      'changed: texts/s.txt',
      'changed: pipeline.yaml',
    ])
  })

  it('says what is wrong with a pipeline and waits until it is mended', async () => {
    const folder = project(files)
    const started = startCommand(folder, ...watch)
    await started.saw(waiting, 1)
    write(folder, { 'pipeline.yaml': stagedPipeline.replace('fake/fold', 'fake/fodl') })
    await started.saw(/did you mean `fake\/fold`\?/)
    await started.saw(waiting, 2)
    write(folder, { 'pipeline.yaml': stagedPipeline })
    await started.saw(waiting, 3)
    started.child.kill('SIGTERM')
    const { code, stdout } = await started.ended
    expect(code).toBe(0)
    expect(stdout.match(/^plan: .*/gm)).toEqual([
      'plan: 0 cached, 25 to run; 6 inferences',
      'plan: 25 cached, 0 to run; 0 inferences',
    ])
  })

  it('begins with a pipeline that is wrong, too, but not with one that is not there', async () => {
    const folder = project({ ...files, 'pipeline.yaml': 'maskloom: 1\nsteps: {' })
    const started = startCommand(folder, ...watch)
    await started.saw(waiting, 1)
    write(folder, { 'pipeline.yaml': stagedPipeline })
    await started.saw(/✔ staged done/)
    started.child.kill('SIGINT')
    expect([0, 130]).toContain((await started.ended).code)
    const missing = await startCommand(folder, 'run', 'pipelin', '--watch').ended
    expect(missing).toMatchObject({ code: 2, stderr: expect.stringContaining('there is no pipeline `pipelin`') })
  })

  it('lets a run finish what it has begun when something changes, and never has two at once', async () => {
    const folder = project(files)
    const started = startCommand(folder, ...watch, '--set', 'delay=300', '--json')
    await started.saw(/"task.done","step":"scan"/)
    write(folder, { 'texts/s.txt': 'sorbus 4' })
    await started.saw(waiting, 1)
    started.child.kill('SIGINT')
    const lines = jsonLines((await started.ended).stdout).map(line => line.type as string)
    const ends = lines.filter(type => type === 'run.started' || type === 'run.finished')
    expect(ends).toEqual(['run.started', 'run.finished', 'run.started', 'run.finished'])
    expect(lines.filter(type => type === 'run.stopping')).toHaveLength(1)
  })

  it('ends with 130 when a run is interrupted', async () => {
    const folder = project(files)
    const started = startCommand(folder, ...watch, '--set', 'delay=300', '--json')
    await started.saw(/"task.done","step":"scan"/)
    started.child.kill('SIGINT')
    expect((await started.ended).code).toBe(130)
  })
})
