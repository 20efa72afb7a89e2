import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { apiRun, fakeNodes, remarksOf } from '../helpers/api-run.ts'
import { command } from '../helpers/command.ts'
import { project, write } from '../helpers/project.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

const texts = Object.fromEntries(Object.entries(threeTexts).map(([name, text]) => [`texts/${name}.txt`, text]))
const files = { 'pipeline.yaml': stagedPipeline, ...texts }

async function json(folder: string, ...args: readonly string[]) {
  const ended = await command(folder, ...args, '--json')
  return { code: ended.code, stderr: ended.stderr, ...JSON.parse(ended.stdout) }
}

describe('maskloom cache', () => {
  it('stats and ls say how much there is and what takes it', async () => {
    const folder = project(files)
    await apiRun(folder)
    const stats = await json(folder, 'cache', 'stats')
    expect(stats).toMatchObject({ code: 0, stderr: '', directory: join(folder, '.maskloom') })
    expect(stats.tasks).toBeGreaterThan(25)
    expect(stats.budgetBytes).toBeGreaterThan(1e9)
    const text = (await command(folder, 'cache', 'ls')).stdout.trimEnd().split('\n')
    expect(text[0]).toMatch(/^node +results +stored +work +last used +parameters$/)
    expect(text.find(line => line.startsWith('fake/fold'))).toMatch(/separator:\+/)
    const { code: _, stderr: __, ...entries } = await json(folder, 'cache', 'ls')
    const byNode = Object.values(entries) as { node: string; results: number; params: object }[]
    expect(byNode.find(entry => entry.node === 'fake/scan')).toMatchObject({ params: { model: 'a' } })
  })

  it('of a project that never ran anything is empty, and no error', async () => {
    const folder = project(files)
    const stdout = `The cache is empty: there is no ${join(folder, '.maskloom')} yet.\n`
    for (const word of ['stats', 'ls', 'gc', 'verify'])
      expect(await command(folder, 'cache', word)).toEqual({ code: 0, stdout, stderr: '' })
    expect(await json(folder, 'cache', 'stats')).toMatchObject({ code: 0, tasks: 0, blobs: 0, databaseBytes: 0 })
    expect(await json(folder, 'cache', 'gc')).toMatchObject({ code: 0, droppedValues: 0 })
    expect(await json(folder, 'cache', 'verify')).toMatchObject({ code: 0, ok: true, values: 0 })
    expect((await command(folder, 'cache', 'ls', '--json')).stdout).toBe('[]\n')
    expect((await command(folder, 'cache', 'export', 'last')).stderr).toContain('no run is recorded yet')
    expect(await command(folder, 'runs')).toEqual({ code: 0, stdout: 'No runs yet.\n', stderr: '' })
    expect((await command(folder, 'runs', 'last')).code).toBe(2)
    expect((await command(folder, 'runs', 'diff', 'a', 'last')).code).toBe(2)
    // Looking made nothing.
    expect(readdirSync(folder).sort()).toEqual(['maskloom.config.yaml', 'pipeline.yaml', 'texts'])
  })

  it.each([['stats'], ['ls'], ['gc'], ['verify'], ['export', 'last']])(
    '%s does not make a cache of any folder it is given',
    async (...args) => {
      const folder = project({ ...files, 'photos/a.txt': 'x' })
      const ended = await command(folder, 'cache', ...args, '--cache', 'photos')
      expect(ended).toMatchObject({
        code: 2,
        stderr: expect.stringContaining('--cache photos: this folder is no cache'),
      })
      expect(readdirSync(join(folder, 'photos'))).toEqual(['a.txt'])
      expect((await command(folder, 'cache', ...args, '--cache', 'nowhere')).stderr).toContain(
        'there is no such folder',
      )
      expect(existsSync(join(folder, 'nowhere'))).toBe(false)
    },
  )

  it('gc drops what a size does not allow; a run makes it again when it is needed', async () => {
    const folder = project(files)
    const first = await apiRun(folder)
    const dropped = await json(folder, 'cache', 'gc', '--cache-size', '0')
    expect(dropped).toMatchObject({ code: 0, budgetBytes: 0, afterBytes: 0 })
    expect(dropped.droppedValues).toBeGreaterThan(10)
    rmSync(join(folder, 'out'), { recursive: true })
    const again = await apiRun(folder)
    expect(again.outputs).toEqual(first.outputs)
    expect(again.finished.status).toBe('done')
  })

  it('verify exits with 1 when something was damaged, once', async () => {
    const folder = project({ ...files, 'texts/p.txt': `pear ${'x'.repeat(300_000)}` })
    await apiRun(folder)
    const objects = join(folder, '.maskloom', 'objects')
    const [object = ''] = readdirSync(objects, { recursive: true, encoding: 'utf8' }).filter(name => name.length > 10)
    chmodSync(join(objects, object), 0o644)
    writeFileSync(join(objects, object), readFileSync(join(objects, object)).fill(0, 10, 20))
    const found = await command(folder, 'cache', 'verify')
    expect(found.code).toBe(1)
    expect(found.stdout).toMatch(/dropped 1 damaged value\nwhat was dropped is made again when it is needed\n$/)
    expect(await json(folder, 'cache', 'verify')).toMatchObject({ code: 0, ok: true })
  })
})

describe('a run carried to another machine', () => {
  it('hits there, although it was itself all hits', async () => {
    const here = project(files)
    await apiRun(here)
    // The results are older than anything that is noted as used.
    const store = new Database(join(here, '.maskloom', 'index.db'))
    store.exec('UPDATE task SET used = used - 1000000; UPDATE blob SET used = used - 1000000')
    store.close()
    await apiRun(here)
    const exported = await json(here, 'cache', 'export', 'last', '--to', 'carried')
    expect(exported).toMatchObject({ code: 0, folder: join(here, 'carried'), refused: 0 })
    const there = project(files)
    const imported = await command(there, 'cache', 'import', join(here, 'carried'))
    expect(imported).toMatchObject({ code: 0, stderr: '' })
    expect(imported.stdout).toMatch(/^\d+ results, \d+ values \(.*\) from /)
    // A later step is new: it needs the values of the items, not only the rows of whole groups.
    write(there, { 'pipeline.yaml': stagedPipeline.replace('default: "!"', 'default: "?"') })
    const run = await apiRun(there)
    expect(run.finished).toMatchObject({ status: 'done', inferences: 0, tasks: { rebuilt: 0 } })
  })

  it('is named by its id or `last`, and goes to a folder of its name', async () => {
    const folder = project(files)
    await apiRun(folder)
    const [run] = JSON.parse((await command(folder, 'runs', '--json')).stdout)
    const ended = await command(folder, 'cache', 'export', run.id)
    expect(ended.stdout).toContain(`of run ${run.id} → ${join(folder, `maskloom-${run.id}`)}`)
    const wrong = await command(folder, 'cache', 'export', `${run.id.slice(0, -1)}x`)
    expect(wrong).toMatchObject({ code: 2, stderr: expect.stringContaining(`did you mean \`${run.id}\`?`) })
    expect((await command(folder, 'cache', 'export', 'last', '--to', '.maskloom')).stderr).toContain('the cache itself')
  })

  it('is refused where there is none', async () => {
    const folder = project(files)
    const ended = await command(folder, 'cache', 'import', 'texts', 'nowhere')
    expect(ended.code).toBe(2)
    expect(ended.stderr).toContain('texts is no cache')
    expect(ended.stderr).toContain('nowhere is no cache')
    const empty = await command(project(files), 'cache', 'export', 'last')
    expect(empty).toMatchObject({ code: 2, stderr: expect.stringContaining('no run is recorded yet') })
  })
})

describe('the budget of a cache', () => {
  it('is kept after a run that stored something, and the run says so in one remark', async () => {
    const folder = project({ ...files, 'maskloom.config.yaml': 'cache_size: 200\n' })
    const first = await apiRun(folder)
    const remarks = remarksOf(first.events)
    expect(remarks).toEqual([
      expect.stringMatching(
        /^: \d+ cached values \(.*\) were dropped to keep the cache under 200 B; making them again/,
      ),
    ])
    expect(first.events.at(-1)?.type).toBe('run.finished')
    expect((await json(folder, 'cache', 'stats')).blobBytes).toBeLessThanOrEqual(200)
    const ended = await command(folder, 'run', 'pipeline.yaml', '--nodes', fakeNodes, '--cache-size', '1GiB')
    expect(ended.stdout).not.toContain('dropped')
  })
})
