import { readdirSync, readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { fileURLToPath } from 'node:url'

/** A source file, by its path from the root of the repository. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

export interface SourceImport {
  readonly from: string
  /** A path from the root for files of the repository; else as written (`sharp`, `node:fs`). */
  readonly to: string
  /** `type`: gone after compilation. */
  readonly form: 'type' | 'value'
  readonly line: number
}

const root = fileURLToPath(new URL('../../', import.meta.url))

/** Every TypeScript file below these folders of the repository. */
export function sourceFiles(folders: readonly string[]): readonly SourceFile[] {
  return folders
    .flatMap(folder =>
      readdirSync(root + folder, { recursive: true, encoding: 'utf8' }).map(
        path => `${folder}/${posix.normalize(path)}`,
      ),
    )
    .filter(path => /\.tsx?$/.test(path))
    .sort()
    .map(path => ({ path, text: readFileSync(root + path, 'utf8') }))
}

/**
 * What a file imports: `import` and `export … from` (which start a line, as the formatter has it), `import('…')` as a
 * value or a type, and packages taken through `createRequire`.
 */
export function importsIn({ path, text }: SourceFile): readonly SourceImport[] {
  const code = withoutComments(text)
  const found: SourceImport[] = []
  const add = (specifier: string, form: SourceImport['form'], index: number) =>
    found.push({ from: path, to: target(path, specifier), form, line: code.slice(0, index).split('\n').length })
  for (const { 1: type, 2: specifier, index } of code.matchAll(
    /^(?:import|export)\s+(type\s)?(?:[\w\s{},*$]*?\sfrom\s+)?'([^']+)'/gm,
  )) {
    add(specifier as string, type === undefined ? 'value' : 'type', index)
  }
  for (const { 1: typeOf, 2: specifier, 3: member, index } of code.matchAll(
    /(typeof\s+)?\bimport\(\s*'([^']+)'\s*\)(\.[A-Z])?/g,
  )) {
    add(specifier as string, typeOf !== undefined || member !== undefined ? 'type' : 'value', index)
  }
  const requires = ['createRequire\\(import\\.meta\\.url\\)']
  for (const [, name = ''] of code.matchAll(/\bconst (\w+) = createRequire\(/g)) requires.push(`\\b${name}`)
  for (const { 1: specifier, index } of code.matchAll(new RegExp(`(?:${requires.join('|')})\\('([^']+)'\\)`, 'g'))) {
    add(specifier as string, 'value', index)
  }
  return found
}

/** The folder a file belongs to: `engine/plan`, `nodes/detect`, `nodes/index.ts`, `cache`. */
export function folderOf(path: string): string {
  const [first = '', second = ''] = path.split('/')
  return first === 'cache' ? first : `${first}/${second}`
}

/** The package of a specifier: `csv-parse/sync` → `csv-parse`. */
export function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/')
}

/** Comment lines become empty, so that line numbers stay. */
function withoutComments(text: string): string {
  return text.replace(/^[ \t]*(?:\/\/.*|\/\*(?:[^*]|\*(?!\/))*\*\/)/gm, comment => comment.replace(/[^\n]/g, ''))
}

function target(path: string, specifier: string): string {
  return specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : specifier
}
