import { describe, expect, it } from 'vitest'
import { fakeNodes } from '../helpers/api-run.ts'
import { command } from '../helpers/command.ts'
import { project } from '../helpers/project.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

const texts = Object.fromEntries(Object.entries(threeTexts).map(([name, text]) => [`texts/${name}.txt`, text]))
const files = { 'pipeline.yaml': stagedPipeline, ...texts }

describe('what a newcomer gets wrong', () => {
  it.each([
    [['--shard', '3/2'], 'parts are counted from 1, so the last is 2/2'],
    [['--shard', '0/2'], 'parts are counted from 1, so the last is 2/2'],
    [['--shard', 'half'], 'expected i/n, such as 2/4 for the second of four parts'],
    [['--shard', '1/4'], '3 items cannot be cut into 4 parts'],
    [['--items', 'nowhere.txt'], '--items nowhere.txt: there is no such file'],
    [['--items', 'empty.txt'], '--items empty.txt: the file is empty'],
    [['--items', 'typo.txt'], 'did you mean `q`?'],
    [['--max-time', 'abc'], 'expected a duration such as 8h30m, 45m or 90s'],
    [['--max-time', '90'], 'expected a duration such as 8h30m, 45m or 90s'],
    [['--max-time', '0s'], 'expected more than nothing and at most 24d'],
    [['--max-time', '100d'], 'expected more than nothing and at most 24d'],
    [['--audit', '1'], 'expected a percentage above 0% and up to 100%, such as 1%'],
    [['--cache-size', 'plenty'], 'expected a size such as 600MiB or 50GiB'],
    [['--memory', '4'], 'expected a memory budget of at least 1MiB; is the unit missing?'],
    [['--device', 'gpu'], 'expected cpu, cuda:0 (or another number), or webgpu'],
    [['--device', 'cuda:0,,cuda:1'], 'unknown device ""'],
    [['--device', 'cuda:0, cuda:0'], 'the device cuda:0 is named twice'],
    [['--device', 'cpu,cuda:0'], 'devices of different classes: cpu, cuda:0'],
    [['--slots', '1.5'], 'expected a whole number of at least 1'],
    [['--watch', '--dry-run'], "option '--watch' cannot be used with option '--dry-run'"],
    [['--watch', '--max-time', '1h'], "option '--watch' cannot be used with option '--max-time <duration>'"],
    [['--shards', '1/2'], '(Did you mean --shard?)'],
  ])('%j is refused before anything runs', async (args, says) => {
    const folder = project({ ...files, 'empty.txt': ' \n\n', 'typo.txt': 'p\nqq\n' })
    const ended = await command(folder, 'run', 'pipeline.yaml', '--nodes', fakeNodes, ...args)
    expect(ended.stderr).toContain(says)
    expect(ended.stdout).toBe('')
    expect(ended.code).toBe(2)
  })

  it('in the config is told with its place', async () => {
    const folder = project({ ...files, 'maskloom.config.yaml': 'slots: 2\ncach: here\n' })
    const ended = await command(folder, 'plan', 'pipeline.yaml', '--nodes', fakeNodes)
    expect(ended.stderr).toContain('maskloom.config.yaml:2:1')
    expect(ended.stderr).toContain('did you mean `cache`?')
    expect(ended.code).toBe(2)
    expect((await command(folder, 'runs')).code).toBe(2)
  })

  it('names its devices with their place, too', async () => {
    const folder = project({ ...files, 'maskloom.config.yaml': 'slots: 2\ndevice: [cuda:0, gpu]\n' })
    const ended = await command(folder, 'check', 'pipeline.yaml', '--nodes', fakeNodes)
    expect(ended.stderr).toMatch(/maskloom\.config\.yaml:2:\d+ .*unknown device "gpu"/)
    expect(ended.code).toBe(2)
  })
})

describe('the config of a project', () => {
  it('says where cache and outputs are; the command line wins', async () => {
    const folder = project({ ...files, 'maskloom.config.yaml': 'cache: kept\nout: made\nslots: 1\nworkers: 1\n' })
    const run = ['run', 'pipeline.yaml', '--nodes', fakeNodes, '--json'] as const
    const paths = async (...more: string[]) => {
      const events = (await command(folder, ...run, ...more)).stdout
        .trimEnd()
        .split('\n')
        .map(line => JSON.parse(line))
      const { cacheDirectory, outDirectory, lanes } = events[0]
      return { cache: cacheDirectory, out: outDirectory, gpu: lanes[0].width, last: events.at(-1).status }
    }
    expect(await paths()).toEqual({
      cache: `${folder}/kept`,
      out: `${folder}/made/staged`,
      gpu: 1,
      last: 'done',
    })
    expect(await paths('--cache', 'other', '--out', 'there', '--slots', '2')).toEqual({
      cache: `${folder}/other`,
      out: `${folder}/there`,
      gpu: 2,
      last: 'done',
    })
    expect(JSON.parse((await command(folder, 'cache', 'stats', '--json')).stdout).directory).toBe(`${folder}/kept`)
    expect((await command(folder, 'runs')).stdout.split('\n')).toHaveLength(3)
  })

  it.each(['cache', 'out'])('may put %s outside the project only when the user agrees', async key => {
    const folder = project({ ...files, 'maskloom.config.yaml': `${key}: ../elsewhere-${process.pid}\n` })
    const ended = await command(folder, 'plan', 'pipeline.yaml', '--nodes', fakeNodes)
    expect(ended.stderr).toMatch(new RegExp(`maskloom.config.yaml:1:\\d+ .*\`${key}\` is .*outside the project`))
    expect(ended.code).toBe(2)
  })
})

describe('a dry run', () => {
  it('is a plan: same text, nothing run', async () => {
    const folder = project(files)
    const options = ['pipeline.yaml', '--nodes', fakeNodes, '--shard', '2/3'] as const
    const dry = await command(folder, 'run', ...options, '--dry-run')
    const plan = await command(folder, 'plan', ...options)
    expect(dry.stdout).toBe(plan.stdout)
    expect(dry.stdout).toContain('texts 1 item')
    expect(dry.code).toBe(0)
    expect((await command(folder, 'runs')).stdout).toBe('No runs yet.\n')
  })
})
