import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { importCycles, misplacedImports } from './helpers/floors.ts'
import { importsIn, packageOf, type SourceFile, sourceFiles } from './helpers/source-imports.ts'

const files = sourceFiles(['engine', 'nodes', 'cache'])

/** A file that is not there, as a negative control. */
function imagined(path: string, text: string): readonly SourceFile[] {
  return [{ path, text }]
}

/** Lines of files in which a pattern occurs, as `path:line`. */
function places(pattern: RegExp, among: readonly SourceFile[]): readonly string[] {
  return among.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, i) => (pattern.test(line) ? [`${path}:${i + 1}`] : [])),
  )
}

describe('imports', () => {
  it('are found in every form a file can have them', () => {
    const text = [
      "import { a } from './a.ts'",
      "import type { B } from '../base/b.ts'",
      'import {\n  c,\n  type D,\n} from "never.ts"'.replaceAll('"', "'"),
      "import './side-effect.ts'",
      "export { e } from './e.ts'",
      "// import { f } from './f.ts'",
      "/**\n * import('./g.ts')\n */",
      "const h = await import('./h.ts')",
      "type I = typeof import('./i.ts')",
      "type J = import('./j.ts').Name",
      'const load = createRequire(import.meta.url)',
      "load('k/package.json')",
    ].join('\n')
    expect(importsIn({ path: 'engine/plan/x.ts', text }).map(({ to, form, line }) => `${line} ${form} ${to}`)).toEqual([
      '1 value engine/plan/a.ts',
      '2 type engine/base/b.ts',
      '3 value never.ts',
      '7 value engine/plan/side-effect.ts',
      '8 value engine/plan/e.ts',
      '13 value engine/plan/h.ts',
      '14 type engine/plan/i.ts',
      '15 type engine/plan/j.ts',
      '17 value k/package.json',
    ])
  })

  it('go down the floor plan, and packages stay where they belong', () => {
    expect(files.flatMap(importsIn).length).toBeGreaterThan(1000)
    expect(misplacedImports(files)).toEqual([])
  })

  it.each([
    ['up', 'engine/base/x.ts', "import { a } from '../contract/node.ts'", 'engine/base may not import engine/contract'],
    ['up for a type', 'engine/base/x.ts', "import type { A } from '../contract/node.ts'", 'may not import'],
    ['up dynamically', 'cache/x.ts', "await import('../engine/run/run.ts')", 'cache may not import engine/run'],
    ['sideways', 'engine/plan/x.ts', "import { a } from '../load/load.ts'", 'engine/plan may not import engine/load'],
    ['from one family to another', 'nodes/boxes/x.ts', "import { a } from '../masks/nms.ts'", 'nodes/boxes may not'],
    ['from the engine to a node', 'engine/run/x.ts', "import { r } from '../../nodes/index.ts'", 'may not import'],
    ['from the command line into a family', 'engine/cli/x.ts', "import { n } from '../../nodes/boxes/nms.ts'", 'may'],
    ['from a kernel to a value', 'nodes/kernels/x.ts', "import type { I } from '../values/image.ts'", 'may not import'],
    ['more than types', 'nodes/detect/x.ts', "import { s } from '../onnx/sessions.ts'", 'only types of nodes/onnx'],
    ['a package of another folder', 'engine/plan/x.ts', "import { parse } from 'yaml'", 'belongs to another folder'],
    ['part of a package', 'nodes/kernels/x.ts', "import { parse } from 'csv-parse/sync'", 'belongs to another folder'],
    ['a package through require', 'engine/run/x.ts', "createRequire(import.meta.url)('sharp')", 'belongs to another'],
    [
      'the file system from a pure folder',
      'engine/plan/x.ts',
      "import { readFileSync } from 'node:fs'",
      'does without',
    ],
    ['from a folder nobody planned', 'engine/misc/x.ts', "import { a } from '../base/typo.ts'", 'in no floor plan'],
  ])('%s are caught', (_what, path, text, complaint) => {
    expect(misplacedImports(imagined(path, text))).toEqual([expect.stringContaining(complaint)])
  })

  it('make no circles at run time', () => {
    expect(importCycles(files)).toEqual([])
  })

  it('in a circle are caught, unless one of them is only for types', () => {
    const a = { path: 'engine/plan/a.ts', text: "import { b } from './b.ts'" }
    const b = (keyword: string) => ({ path: 'engine/plan/b.ts', text: `${keyword} { a } from './a.ts'` })
    expect(importCycles([a, b('import')])).toEqual(['engine/plan/a.ts → engine/plan/b.ts → engine/plan/a.ts'])
    expect(importCycles([a, b('import type')])).toEqual([])
  })

  it('name packages that are installed with Maskloom', () => {
    const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
      dependencies: { readonly [name: string]: string }
    }
    const imported = files
      .flatMap(importsIn)
      .map(({ to }) => to)
      .filter(to => !/^(engine|nodes|cache)\/|^node:|^maskloom\//.test(to))
      .map(packageOf)
    expect([...new Set(imported)].sort()).toEqual(Object.keys(dependencies).sort())
  })
})

describe('files', () => {
  it('have at most 400 lines', () => {
    expect(longFiles(files)).toEqual([])
  })

  it('with 401 lines are caught', () => {
    expect(longFiles(imagined('engine/run/x.ts', 'x\n'.repeat(400)))).toEqual([])
    expect(longFiles(imagined('engine/run/x.ts', 'x\n'.repeat(401)))).toEqual(['engine/run/x.ts: 401 lines'])
  })

  it.each([
    ['named exports only', /^export default\b/, 'export default function f() {}'],
    ['no exports of everything', /^export \*/, "export * from './a.ts'"],
    ['no output past the reports', /\bconsole\.\w+\(/, "  console.log('here')"],
    ['no work left for later', /\b(?:TODO|FIXME|XXX)\b/, '// TODO: later'],
    ['no silenced type errors', /@ts-(?:ignore|nocheck|expect-error)/, '// @ts-ignore'],
    ['no unchecked types', /^(?!\s*(?:\*|\/[/*])).*(?::|\bas|<)\s*any\b/, 'const x = y as any'],
  ])('have %s', (_rule, pattern, offence) => {
    expect(places(pattern, files)).toEqual([])
    expect(places(pattern, imagined('engine/run/x.ts', offence))).toEqual(['engine/run/x.ts:1'])
  })

  it('are named after an idea', () => {
    const vague = /(?:^|[/-])(?:utils?|helpers?|misc|common|stuff)(?:[./-]|$)/
    expect(files.map(({ path }) => path).filter(path => vague.test(path))).toEqual([])
    for (const path of ['engine/base/utils.ts', 'nodes/util/x.ts', 'cache/common-files.ts']) expect(path).toMatch(vague)
  })

  it('of the house are re-exported only by the public entry', () => {
    const pattern = /^export (?:type )?\{[^}]*\} from '\./
    const barrels = places(pattern, files).map(place => place.split(':')[0])
    expect(barrels.filter(path => path !== 'engine/index.ts')).toEqual([])
    expect(places(pattern, imagined('engine/x.ts', "export { a } from './a.ts'"))).toEqual(['engine/x.ts:1'])
  })
})

function longFiles(among: readonly SourceFile[]): readonly string[] {
  return among
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - (text.endsWith('\n') ? 1 : 0) }))
    .filter(({ lines }) => lines > 400)
    .map(({ path, lines }) => `${path}: ${lines} lines`)
}
