import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { codes } from '../../engine/base/codes.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))

function sources(folder: string): readonly string[] {
  return readdirSync(`${root}${folder}`, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => `${entry.parentPath}/${entry.name}`)
}

/** Texts in quotes that stand where a diagnostic gets its code: `code: 'x'`, `code: a ? 'x' : 'y'`, `code = 'x'`. */
function usedCodes(text: string): readonly string[] {
  const places = text.matchAll(/\bcode(?::|\s=)\s+(?!string|unknown)([^,;\n}]*)/g)
  return [...places].flatMap(([, value = '']) =>
    [...value.replace(/[!=]==\s*'[^']*'/g, '').matchAll(/'([a-z]+(?:-[a-z]+)*)'/g)].map(([, code = '']) => code),
  )
}

test('every code used in the source is in the list', () => {
  const used = ['engine', 'nodes', 'cache']
    .flatMap(folder => sources(folder))
    .flatMap(path => {
      return usedCodes(readFileSync(path, 'utf8')).map(code => `${code} in ${path.slice(root.length)}`)
    })
  expect(used.length).toBeGreaterThan(20)
  expect(used.filter(use => !Object.hasOwn(codes, use.split(' ', 1)[0] as string))).toEqual([])
})

test('every code has one sentence', () => {
  for (const [code, sentence] of Object.entries(codes)) {
    expect(code).toMatch(/^[a-z]+(-[a-z]+)*$/)
    expect(sentence).toMatch(/^[A-Z`].*\.$/)
  }
})
