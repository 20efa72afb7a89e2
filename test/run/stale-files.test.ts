import { existsSync, lstatSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { remarksOf } from '../helpers/api-run.ts'
import { createRig, type Rig } from '../helpers/rig.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

let rig: Rig
afterEach(() => rig.close())

const out = (...path: string[]) => join(rig.folder, 'out', ...path)

describe('delivered files of items that are gone', () => {
  it('are removed, with the folders they leave empty', async () => {
    rig = createRig(stagedPipeline, { ...threeTexts, 'deep/s': 'sorb 4' })
    expect(Object.keys((await rig.run()).outputs)).toContain('loud/deep/s.txt')
    rig.remove('texts/q.txt')
    rig.remove('texts/deep/s.txt')
    const second = await rig.run()
    expect(Object.keys(second.outputs).sort()).toEqual(['all.txt', 'loud/p.txt', 'loud/r.txt'])
    expect(existsSync(out('loud', 'deep'))).toBe(false)
    expect(remarksOf(second.events)).toEqual([': files in `loud` that belong to nothing any more were removed: 2'])
    // Back again: delivered again.
    rig.write('texts/q.txt', threeTexts.q)
    expect(Object.keys((await rig.run()).outputs)).toContain('loud/q.txt')
  })

  it('stay when somebody changed them, and so does what nobody delivered', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    writeFileSync(out('loud', 'q.txt'), 'mine')
    writeFileSync(out('loud', 'notes.txt'), 'mine, too')
    rig.remove('texts/q.txt')
    const second = await rig.run()
    expect(second.outputs).toMatchObject({ 'loud/q.txt': 'mine', 'loud/notes.txt': 'mine, too' })
    expect(remarksOf(second.events)).toEqual([
      ': files in `loud` that belong to nothing any more stay, changed since they were delivered: 1',
    ])
    expect(remarksOf((await rig.run()).events)).toEqual([])
  })

  it('stay when a link stands in their place', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    const { outputs } = await rig.run()
    rig.write('elsewhere.txt', outputs['loud/q.txt']!)
    rmSync(out('loud', 'q.txt'))
    symlinkSync(join(rig.folder, 'elsewhere.txt'), out('loud', 'q.txt'))
    rig.remove('texts/q.txt')
    await rig.run()
    expect(lstatSync(out('loud', 'q.txt')).isSymbolicLink()).toBe(true)
    expect(existsSync(join(rig.folder, 'elsewhere.txt'))).toBe(true)
  })

  it('stay when another pipeline delivers an output of that name into the folder', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run()
    rig.write('other.yaml', stagedPipeline.replace('name: staged', 'name: other'))
    await rig.run({ pipeline: 'other.yaml' })
    rig.remove('texts/q.txt')
    expect((await rig.run()).outputs).toHaveProperty('loud/q.txt')
  })

  it('stay when the cache that knew of them is gone', async () => {
    rig = createRig(stagedPipeline, threeTexts)
    await rig.run({ cache: 'one' })
    rig.remove('texts/q.txt')
    expect((await rig.run({ cache: 'two' })).outputs).toHaveProperty('loud/q.txt')
  })

  it('are removed when a cell is gone, too', async () => {
    const perCell = stagedPipeline.replace('loud: loud.text', 'reads: read.text')
    rig = createRig(perCell, { p: threeTexts.p })
    const first = Object.keys((await rig.run()).outputs).sort()
    expect(first).toEqual(['all.txt', 'reads/model=a/p.txt', 'reads/model=b/p.txt'])
    const second = await rig.run({ set: ['models=[b]'] })
    expect(Object.keys(second.outputs).sort()).toEqual(['all.txt', 'reads/p.txt'])
  })
})
