import { folderOf, importsIn, packageOf, type SourceFile, type SourceImport } from './source-imports.ts'

/** What a folder may import. A name with `type ` before it: its types only. */
interface Floor {
  readonly folders: readonly string[]
  readonly packages: readonly string[]
  /** Modules of Node; `any`: the folder has effects of its own. */
  readonly node: 'any' | readonly string[]
}

const contract = ['engine/base', 'engine/contract']
const values = ['engine/base', 'type engine/contract', 'nodes/kernels']
const family: Floor = {
  folders: [...contract, 'nodes/kernels', 'nodes/values', 'nodes/plot', 'nodes/model', 'type nodes/onnx'],
  packages: ['sharp', 'csv-parse', 'csv-stringify'],
  node: ['node:fs', 'node:fs/promises', 'node:path', 'node:stream', 'node:stream/promises'],
}

/** The floor plan of ARCHITECTURE.md. Two folders on one floor never import each other. */
const floors: { readonly [folder: string]: Floor } = {
  'engine/base': { folders: [], packages: ['ajv'], node: ['node:crypto', 'node:module'] },
  'engine/contract': { folders: ['engine/base'], packages: [], node: [] },
  'engine/load': { folders: contract, packages: ['yaml'], node: ['node:path'] },
  'engine/plan': { folders: contract, packages: [], node: ['node:path'] },
  'engine/run': { folders: contract, packages: ['p-queue'], node: 'any' },
  'engine/report': { folders: contract, packages: ['pretty-bytes', 'pretty-ms'], node: ['node:fs', 'node:path'] },
  'engine/ui': { folders: [...contract, 'engine/report'], packages: ['ink', 'react'], node: [] },
  cache: { folders: contract, packages: ['better-sqlite3'], node: 'any' },
  'nodes/kernels': { folders: [], packages: [], node: ['node:zlib'] },
  'nodes/values': {
    folders: values,
    packages: ['sharp', 'geotiff', 'csv-parse', 'yaml'],
    node: ['node:fs', 'node:fs/promises', 'node:module', 'node:path'],
  },
  'nodes/plot': { folders: [], packages: ['vega', 'vega-lite'], node: [] },
  'nodes/command': { folders: [...contract, 'nodes/values'], packages: [], node: 'any' },
  'nodes/onnx': { folders: values.concat('nodes/values'), packages: ['onnxruntime-node'], node: 'any' },
  'nodes/model': {
    folders: [...values, 'nodes/values', 'nodes/onnx'],
    packages: ['yaml'],
    node: ['node:fs', 'node:fs/promises', 'node:module', 'node:path'],
  },
  'engine/testing': { folders: [...contract, 'engine/load', 'engine/plan'], packages: ['ajv', 'yaml'], node: [] },
  'engine/index.ts': { folders: [...contract, 'engine/api'], packages: [], node: [] },
}

/** The folders that see everything below them. */
const roots: { readonly [folder: string]: (to: string) => boolean } = {
  'nodes/index.ts': to => to.startsWith('nodes/') || to === 'engine/contract',
  'engine/api': to =>
    (to.startsWith('engine/') && to !== 'engine/cli' && to !== 'engine/ui') ||
    to === 'cache' ||
    to === 'nodes/index.ts',
  'engine/cli': to => to.startsWith('engine/') || to === 'cache' || to === 'nodes/index.ts',
}

const rootPackages: { readonly [folder: string]: readonly string[] } = {
  'engine/api': ['tinyglobby'],
  'engine/cli': ['commander'],
}

/** Imports that go up, sideways or to a package that belongs elsewhere; one line for each. */
export function misplacedImports(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap(importsIn).flatMap(found => {
    const complaint = complaintAbout(found)
    return complaint === undefined ? [] : [`${found.from}:${found.line} imports ${found.to}: ${complaint}`]
  })
}

function complaintAbout({ from, to, form }: SourceImport): string | undefined {
  const folder = folderOf(from)
  const isRoot = Object.hasOwn(roots, folder)
  const floor = floors[folder] ?? (isRoot || !folder.startsWith('nodes/') ? undefined : family)
  if (floor === undefined && !isRoot) return `${folder} is in no floor plan`
  if (to.startsWith('node:')) {
    const allowed = floor?.node ?? 'any'
    return allowed === 'any' || allowed.includes(to) ? undefined : `${folder} does without this module of Node`
  }
  if (!/^(engine|nodes|cache)\//.test(to)) {
    if (packageOf(to) === 'maskloom') return undefined
    const allowed = floor?.packages ?? rootPackages[folder] ?? []
    return allowed.includes(packageOf(to)) ? undefined : `this package belongs to another folder`
  }
  const other = folderOf(to)
  if (other === folder) return undefined
  if (isRoot) return roots[folder]?.(other) ? undefined : `${folder} may not import ${other}`
  if (floor?.folders.includes(other)) return undefined
  if (!floor?.folders.includes(`type ${other}`)) return `${folder} may not import ${other}`
  return form === 'type' ? undefined : `${folder} may import only types of ${other}`
}

/** Circles of imports that are there at run time, each as `a → b → a`, from its first file. */
export function importCycles(files: readonly SourceFile[]): readonly string[] {
  const edges = new Map(
    files.map(file => [
      file.path,
      importsIn(file)
        .filter(({ form }) => form === 'value')
        .map(({ to }) => to),
    ]),
  )
  const cycles = new Set<string>()
  const done = new Set<string>()
  const trail: string[] = []
  function visit(path: string): void {
    const start = trail.indexOf(path)
    if (start >= 0) return void cycles.add([...trail.slice(start), path].join(' → '))
    if (done.has(path)) return
    trail.push(path)
    for (const next of edges.get(path) ?? []) if (edges.has(next)) visit(next)
    trail.pop()
    done.add(path)
  }
  for (const path of edges.keys()) visit(path)
  return [...cycles]
}
