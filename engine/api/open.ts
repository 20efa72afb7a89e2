import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openStore } from '../../cache/open.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import { requiredInputs } from '../contract/pipeline.ts'
import type { Store } from '../contract/store.ts'
import { type Compiled, checkUnbound, compile } from '../plan/compile.ts'
import { wayOutside } from '../plan/outside.ts'
import { cacheFolder } from './cache-place.ts'
import { deviceProblems, devicesOf } from './devices.ts'
import type { Pipeline } from './load.ts'
import { realPath, realSurroundings } from './surroundings.ts'

/** A pipeline compiled to its graph, with its cache open. */
export interface OpenPipeline {
  readonly compiled: Extract<Compiled, { ok: true }>
  readonly store: Store
  /** Closes the cache; removes it if it is a throw-away one. */
  readonly close: () => void
}

export type Opening =
  | ({ readonly ok: true } & OpenPipeline)
  | { readonly ok: false; readonly problems: readonly Diagnostic[] }

/** Opens the cache and compiles. @param remark - told what the user should know about the cache. */
export async function openPipeline(
  pipeline: Pipeline,
  targets: readonly string[],
  remark: (message: string) => void,
): Promise<Opening> {
  const unbound = requiredInputs(pipeline.file).length > 0 ? [unboundProblem(pipeline)] : []
  const problems = [...unbound, ...surroundingProblems(pipeline)]
  if (problems.length > 0) return { ok: false, problems }
  const { store, close } = openCache(pipeline, remark)
  try {
    const { file: root, settings: given, registry } = pipeline
    const compiled = await compile({ root, given, targets, registry, surroundings: surroundingsOf(pipeline, store) })
    if (compiled.ok) return { ok: true, compiled, store, close }
    close()
    return { ok: false, problems: compiled.problems.map(problem => offerNodes(problem, pipeline)) }
  } catch (error) {
    close()
    throw error
  }
}

/** What can be said of a pipeline that is made to be used by another one. */
export async function problemsOfUnbound(
  pipeline: Pipeline,
  remark: (message: string) => void,
): Promise<readonly Diagnostic[]> {
  const problems = surroundingProblems(pipeline)
  if (problems.length > 0) return problems
  const { store, close } = openCache(pipeline, remark)
  const { file: root, settings: given, registry } = pipeline
  try {
    const surroundings = surroundingsOf(pipeline, store)
    const found = await checkUnbound({ root, given, targets: [], registry, surroundings })
    return found.map(problem => offerNodes(problem, pipeline))
  } finally {
    close()
  }
}

/** Inputs and parameters that have no value yet. */
export function unboundNames({ file, settings }: Pipeline): readonly string[] {
  const missing = [...file.params.values()].filter(
    ({ name, default: usual }) => usual === undefined && !settings.has(name),
  )
  return [...requiredInputs(file), ...missing.map(({ name }) => name)]
}

function unboundProblem(pipeline: Pipeline): Diagnostic {
  const { file, name } = pipeline
  return {
    code: 'unbound-input',
    message: `\`${name}\` is made to be used by another pipeline: ${unboundNames(pipeline).join(', ')} must come from there`,
    at: file.locate(['inputs'], 'key'),
    fix: 'use it under `uses:` of a step',
  }
}

/** An unknown node may be one of those the project's config names: loading them is code, and the user's choice. */
function offerNodes(problem: Diagnostic, { config, options }: Pipeline): Diagnostic {
  const offered = config?.nodes ?? []
  if (problem.code !== 'unknown-node' || offered.length === 0 || options.allowNodes === true) return problem
  const fix = `the configuration of the project names modules of nodes (${offered.join(', ')}); if you trust them, load them: --allow-nodes`
  return { ...problem, fix }
}

/** What is wrong apart from the pipeline itself. */
function surroundingProblems(pipeline: Pipeline): readonly Diagnostic[] {
  return [...deviceProblems(pipeline), ...cacheProblems(pipeline)]
}

/** A folder that came with the project must not lead elsewhere; one that the user named may be anywhere. */
function cacheProblems(pipeline: Pipeline): readonly Diagnostic[] {
  const { root, options } = pipeline
  if (options.cache !== undefined) return []
  const folder = cacheFolderOf(pipeline)
  const surroundings = { root, allowOutside: options.allowOutside === true, realPath }
  for (const path of [folder, ...['objects', 'tmp', 'runs', 'aside'].map(name => join(folder, name))]) {
    const outside = wayOutside(surroundings, path)
    if (outside === undefined) continue
    const message = `the cache folder ${path} is ${outside}`
    return [{ code: 'outside-root', message, fix: 'name a folder with --cache, or run with --allow-outside' }]
  }
  return []
}

/** Unless it is a throw-away one. */
function cacheFolderOf({ root, config, options: { cache, directory = '.' } }: Pipeline): string {
  return cacheFolder(cache === false ? undefined : cache, config, root, resolve(directory))
}

function openCache(pipeline: Pipeline, remark: (message: string) => void) {
  const { options } = pipeline
  const throwAway = options.cache === false ? mkdtempSync(join(tmpdir(), 'maskloom-')) : undefined
  const folder = throwAway ?? cacheFolderOf(pipeline)
  const removeFolder = () => void (throwAway && rmSync(throwAway, { recursive: true, force: true }))
  try {
    const store = openStore(folder, { remark })
    const close = () => {
      store.close()
      removeFolder()
    }
    return { store, close }
  } catch (error) {
    removeFolder()
    throw error
  }
}

function surroundingsOf(pipeline: Pipeline, store: Store) {
  const { root, options } = pipeline
  return realSurroundings(store, {
    root,
    allowOutside: options.allowOutside === true,
    permits: { commands: options.allowCommands === true },
    device: devicesOf(pipeline)[0],
    environment: options.environment ?? process.env,
  })
}
