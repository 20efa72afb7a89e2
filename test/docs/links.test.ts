import { existsSync, readdirSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { pages, pageText, repository } from './fences.ts'

const linked = [...pages, 'docs/nodes.md']

test.each(linked)('links of %s lead to files and headings that are there', page => {
  const targets = [...withoutCode(pageText(page)).matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map(
    ([, target = '']) => target,
  )
  const broken = targets.filter(target => {
    const [path = '', heading] = target.split('#')
    const file = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(repository, file))) return true
    return heading !== undefined && !headingsOf(file).includes(heading)
  })
  expect(broken).toEqual([])
})

// `engine/run/unit.ts`, `nodes/`, `schemas/generated/pipeline.full.json`: names of things in this repository.
const written =
  /`((?:engine|nodes|cache|schemas|pipelines|test|docs|demo|export|\.ci|\.github)\/[A-Za-z0-9_./-]*?)(?:\/?…|\/)?`/g

test.each(pages)('files named in %s are there', page => {
  const named = [...pageText(page).matchAll(written)].map(([, path = '']) => path)
  expect(named.filter(path => !existsSync(join(repository, path)))).toEqual([])
})

test('source files that ARCHITECTURE.md names without their folder are somewhere', () => {
  const names = [...pageText('ARCHITECTURE.md').matchAll(/`([a-z-]+\.tsx?)`/g)].map(([, name = '']) => name)
  const folders = ['engine', 'cache', 'nodes'].map(folder => join(repository, folder))
  const sources = folders.flatMap(folder => readdirSync(folder, { recursive: true, encoding: 'utf8' }))
  const known = new Set(sources.map(path => basename(path)))
  expect(names.length).toBeGreaterThan(10)
  expect(names.filter(name => !known.has(name))).toEqual([])
})

test.each(linked)('%s names nothing that only one machine has', page => {
  expect(pageText(page)).not.toMatch(/\/(?:root|home|tmp|work|Users)\/|registry\.|localhost/)
})

function headingsOf(page: string): readonly string[] {
  return [...withoutCode(pageText(page)).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^a-z0-9 _-]/g, '')
      .replaceAll(' ', '-'),
  )
}

function withoutCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}
