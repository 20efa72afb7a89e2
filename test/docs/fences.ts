import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const repository = fileURLToPath(new URL('../..', import.meta.url))

/** A fenced block of a page. */
export interface Fence {
  /** `docs/language.md:12`: the first line inside it. */
  readonly place: string
  /** `yaml`, `sh`, `yaml params`. */
  readonly info: string
  readonly text: string
}

/** All pages people wrote; `docs/nodes.md` is made from the definitions, whose examples have a test of their own. */
export const pages = [
  ...['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'CHANGELOG.md', 'demo/README.md'],
  ...readdirSync(join(repository, 'docs'))
    .filter(name => name.endsWith('.md') && name !== 'nodes.md')
    .map(name => `docs/${name}`),
]

export function pageText(page: string): string {
  return readFileSync(join(repository, page), 'utf8')
}

export function fencesOf(page: string): readonly Fence[] {
  const fences: Fence[] = []
  let open: { info: string; place: string; lines: string[] } | undefined
  for (const [index, line] of pageText(page).split('\n').entries()) {
    const mark = /^```(.*)$/.exec(line)
    if (mark === null) open?.lines.push(line)
    else if (open === undefined) open = { info: (mark[1] ?? '').trim(), place: `${page}:${index + 2}`, lines: [] }
    else {
      fences.push({ place: open.place, info: open.info, text: open.lines.join('\n') })
      open = undefined
    }
  }
  if (open !== undefined) throw new Error(`${open.place}: this block has no end`)
  return fences
}
