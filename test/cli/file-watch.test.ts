import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createFileWatch } from '../../engine/cli/file-watch.ts'
import { project, write } from '../helpers/project.ts'

function watchIn(folder: string, paths: readonly string[], ignored: readonly string[] = []) {
  const watch = createFileWatch({ quietMs: 20, patienceMs: 200 })
  onTestFinished(watch.close)
  watch.follow(
    paths.map(path => join(folder, path)),
    ignored.map(path => join(folder, path)),
  )
  return watch
}

describe('a watch over files', () => {
  it.each([
    ['a file that is written', (folder: string) => write(folder, { 'p.yaml': 'new' }), 'p.yaml'],
    [
      'a file that is saved by renaming',
      (folder: string) => {
        write(folder, { 'p.yaml.tmp': 'new' })
        renameSync(join(folder, 'p.yaml.tmp'), join(folder, 'p.yaml'))
      },
      'p.yaml',
    ],
    ['a file that is removed', (folder: string) => rmSync(join(folder, 'p.yaml')), 'p.yaml'],
    ['a file deep in a folder', (folder: string) => write(folder, { 'images/a/b.jpg': 'new' }), 'images/a/b.jpg'],
    ['a new folder', (folder: string) => mkdirSync(join(folder, 'images/new')), 'images/new'],
    ['a file that was not there', (folder: string) => write(folder, { 'later.yaml': 'x' }), 'later.yaml'],
  ])('tells of %s', async (_what, change, path) => {
    const folder = project({ 'p.yaml': 'old', 'images/a/b.jpg': 'old' })
    const watch = watchIn(folder, ['p.yaml', 'images', 'later.yaml'])
    change(folder)
    expect(await watch.changed()).toBe(join(folder, path))
  })

  it('does not tell of other files, hidden ones and ignored folders', async () => {
    const folder = project({ 'p.yaml': 'old', 'images/out/x.txt': 'old', 'images/.cache/y': 'old' })
    const watch = watchIn(folder, ['p.yaml', 'images'], ['images/out'])
    write(folder, { 'other.txt': 'x', 'images/.hidden': 'x', 'images/out/x.txt': 'new', 'images/.cache/y': 'new' })
    write(folder, { 'p.yaml': 'new' })
    expect(await watch.changed()).toBe(join(folder, 'p.yaml'))
  })

  it('waits until nothing happens any more, but not forever', async () => {
    const folder = project({ 'p.yaml': 'old' })
    const watch = watchIn(folder, ['p.yaml'])
    let writes = 0
    const timer = setInterval(() => write(folder, { 'p.yaml': `${++writes}` }), 5)
    onTestFinished(() => clearInterval(timer))
    await watch.changed()
    expect(writes).toBeGreaterThan(5)
  })

  it('remembers a change until it is reset, across new paths', async () => {
    const folder = project({ 'p.yaml': 'old', 'q.yaml': 'old' })
    const watch = watchIn(folder, ['p.yaml'])
    write(folder, { 'p.yaml': 'new' })
    watch.follow([join(folder, 'p.yaml'), join(folder, 'q.yaml')], [])
    expect(await watch.changed()).toBe(join(folder, 'p.yaml'))
    expect(await watch.changed()).toBe(join(folder, 'p.yaml'))
    watch.reset()
    write(folder, { 'q.yaml': 'new' })
    expect(await watch.changed()).toBe(join(folder, 'q.yaml'))
  })
})
