import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoProject, demoProject } from '../helpers/demo-project.ts'
import { write } from '../helpers/project.ts'

const checkout = fileURLToPath(new URL('../../', import.meta.url))
const page = readFileSync(join(checkout, 'docs/library.md'), 'utf8')

interface Example {
  readonly heading: string
  readonly code: string
  readonly printed: string | undefined
}

/** Every ```js block, with the ```text block that follows it before the next one. */
function examplesOf(text: string): readonly Example[] {
  const examples: Example[] = []
  let heading = ''
  // Pieces between fences are prose and blocks in turn; a block begins with its language.
  for (const [i, piece] of text.split('```').entries()) {
    if (i % 2 === 0) heading = /^#+ (.*)$/gm.exec(piece)?.[1] ?? heading
    else if (piece.startsWith('js\n')) examples.push({ heading, code: piece.slice(3), printed: undefined })
    else if (piece.startsWith('text\n')) examples.push({ ...examples.pop()!, printed: piece.slice(5) })
  }
  return examples
}

const examples = examplesOf(page)

let demo: DemoProject

beforeAll(() => {
  demo = demoProject({ images: 2 })
  mkdirSync(demo.path('node_modules'))
  symlinkSync(checkout, demo.path('node_modules/maskloom'))
})
afterAll(() => demo.remove())

describe('the examples of docs/library.md', () => {
  it('are found', () => {
    expect(examples.length).toBe((page.match(/^```js$/gm) ?? []).length)
    expect(examples.every(({ printed }) => printed !== undefined)).toBe(true)
  })

  it.each(examples)('run and print what the page says: $heading', async ({ code, printed }) => {
    write(demo.folder, { 'example.mjs': code })
    const { stdout, stderr } = await promisify(execFile)(process.execPath, ['example.mjs'], { cwd: demo.folder })
    expect(stdout).toBe(printed)
    expect(stderr).toBe('')
  })
})
