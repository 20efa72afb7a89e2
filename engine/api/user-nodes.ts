import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { registry } from '../../nodes/index.ts'
import { TaskError } from '../base/diagnostic.ts'
import { sha256 } from '../base/digest.ts'
import type { Loaded } from '../contract/pipeline.ts'
import type { AddedModule, Registry } from '../contract/registry.ts'
import { extendRegistry } from '../run/load-registry.ts'
import { PipelineError } from './pipeline-error.ts'

/** The path of a file, or the name of a package, and where relative paths start and packages are looked for. */
export interface NodesModule {
  readonly name: string
  readonly directory: string
}

/**
 * The nodes that come with Maskloom together with those of these modules. Loading a module runs its code: only call
 * this with names the user gave, or allowed.
 */
export async function registryWith(wanted: readonly NodesModule[]): Promise<Loaded<Registry>> {
  try {
    const modules = new Map(wanted.map(one => findModule(one)).map(module => [module.url, module]))
    return { ok: true, value: await extendRegistry(registry, [...modules.values()]) }
  } catch (error) {
    if (error instanceof TaskError) return { ok: false, problems: [error.diagnostic] }
    throw error
  }
}

/** The same for names given on the command line. @throws PipelineError */
export async function nodesNamed(names: readonly string[]): Promise<Registry> {
  const loaded = await registryWith(names.map(name => ({ name, directory: process.cwd() })))
  if (!loaded.ok) throw new PipelineError(loaded.problems)
  return loaded.value
}

/** The version of its content is part of the URL, so that a module that was edited is loaded anew in the same process. */
function findModule({ name, directory }: NodesModule): AddedModule {
  const file = looksLikePath(name) ? entryOf(resolve(directory, name)) : packageEntry(name, directory)
  if (file === undefined) {
    throw new TaskError({
      code: 'bad-nodes',
      message: `there is no module of nodes \`${name}\` (looked in ${directory})`,
      fix: 'give the path of a JavaScript file (`./my-nodes.js`), or the name of an installed package',
    })
  }
  const digest = sha256(readFileSync(file))
  return { name, url: `${pathToFileURL(file).href}?v=${digest.slice(0, 16)}`, sha256: digest }
}

function looksLikePath(name: string): boolean {
  return name.startsWith('.') || isAbsolute(name) || /\.[cm]?[jt]s$/.test(name)
}

/** Nearest `node_modules/<name>`, as Node looks for packages. */
function packageEntry(name: string, directory: string): string | undefined {
  for (let folder = directory; ; folder = dirname(folder)) {
    const found = entryOf(join(folder, 'node_modules', name))
    if (found !== undefined || dirname(folder) === folder) return found
  }
}

/** A file itself; of a folder, the main module its package.json names. */
function entryOf(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return undefined
  if (stats.isFile()) return path
  const manifest = join(path, 'package.json')
  const { exports, main } = existsSync(manifest)
    ? (JSON.parse(readFileSync(manifest, 'utf8')) as { readonly exports?: unknown; readonly main?: string })
    : {}
  const entry = join(path, mainExport(exports) ?? main ?? 'index.js')
  return statSync(entry, { throwIfNoEntry: false })?.isFile() ? entry : undefined
}

/** What `import` of the package gives: `exports` as a path, as conditions, or by sub-path. */
function mainExport(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports
  if (typeof exports !== 'object' || exports === null) return undefined
  const { '.': main, import: esm, node, default: usual } = exports as { readonly [condition: string]: unknown }
  return mainExport(main) ?? mainExport(esm) ?? mainExport(node) ?? mainExport(usual)
}
