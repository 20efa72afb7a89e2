import type { Json } from '../base/canonical.ts'
import { compareText } from '../base/diagnostic.ts'
import { sha256 } from '../base/digest.ts'
import { loadPipeline } from '../load/load.ts'
import type { Surroundings } from '../plan/surroundings.ts'

/** Root of every small world. */
export const project = '/project'

/** Files by path below the project (or absolute), as text. */
export type WorldFiles = { readonly [path: string]: string }

/** What compiling sees of a machine that has these files and no others. */
export function smallWorld(written: WorldFiles, given: Partial<Surroundings> = {}): Surroundings {
  const files = new Map(
    Object.entries(written).map(([path, text]) => [path.startsWith('/') ? path : `${project}/${path}`, text]),
  )
  const memo = new Map<string, string>()
  const text = (path: string): string => {
    const found = files.get(path)
    if (found === undefined) throw Object.assign(new Error(`no file ${path}`), { code: 'ENOENT' })
    return found
  }
  return {
    loadPipeline: path => loadPipeline(path, text),
    realPath: path => path,
    kindOfPath: path =>
      files.has(path) ? 'file' : [...files.keys()].some(file => file.startsWith(`${path}/`)) ? 'folder' : 'missing',
    readFile: path => new TextEncoder().encode(text(path)),
    fileDigest: path => sha256(text(path)),
    listFiles: (folder, globs) =>
      [...files.keys()]
        .filter(file => file.startsWith(`${folder}/`))
        .map(file => file.slice(folder.length + 1))
        .filter(file => globs.some(glob => globPattern(glob).test(file)))
        .sort(compareText),
    memo: { get: key => memo.get(key), set: (key, json) => void memo.set(key, json) },
    environment: {},
    root: project,
    allowOutside: false,
    permits: { commands: true },
    device: 'cpu',
    ...given,
  }
}

/** Values for the root's parameters, with paths relative to the project. */
export function given(values: { readonly [name: string]: Json }) {
  return new Map(Object.entries(values).map(([name, value]) => [name, { value, baseDirectory: project }]))
}

/** Enough of globs for tests: `*`, `**`, `{a,b}`. */
function globPattern(glob: string): RegExp {
  const parts = glob.split(/(\*\*\/|\*\*|\*|\{[^}]*\})/).map(part => {
    if (part === '**/') return '(?:.*/)?'
    if (part === '**') return '.*'
    if (part === '*') return '[^/]*'
    if (part.startsWith('{')) return `(?:${part.slice(1, -1).replaceAll(',', '|')})`
    return part.replaceAll('.', '\\.')
  })
  return new RegExp(`^${parts.join('')}$`)
}
