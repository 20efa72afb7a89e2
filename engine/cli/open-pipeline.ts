import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { openStore } from '../../cache/open.ts'
import { registry } from '../../nodes/index.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import type { PipelineFile } from '../contract/pipeline.ts'
import type { Store } from '../contract/store.ts'
import { mergeSettings, settingsFromArguments, settingsFromFile } from '../load/settings.ts'
import { checkOpenPipeline } from '../plan/check-open.ts'
import { type Compiled, compile } from '../plan/compile.ts'
import type { PipelineOptions } from './options.ts'
import { findPipeline, projectRoot } from './project.ts'
import { sayProblems } from './say.ts'
import { realSurroundings } from './surroundings.ts'

export type Opened =
  | {
      readonly ok: true
      readonly compiled: Extract<Compiled, { ok: true }>
      readonly file: PipelineFile
      readonly store: Store
      readonly root: string
      readonly paramsJson: string
    }
  | { readonly ok: false; readonly problems: readonly Diagnostic[]; readonly file: PipelineFile | undefined }
  /** A pipeline meant to be used as a node: all that needs no values is right. */
  | { readonly ok: 'open'; readonly file: PipelineFile; readonly unbound: readonly string[] }

/** From a name on the command line to a compiled graph and an open store; what every command begins with. */
export async function openPipeline(
  name: string,
  targets: readonly string[],
  options: PipelineOptions,
  remark: (message: string) => void,
  storeAt?: string,
): Promise<Opened> {
  const workingDirectory = process.cwd()
  const found = findPipeline(name, workingDirectory)
  if ('problem' in found) return { ok: false, problems: [found.problem], file: undefined }
  const root = projectRoot(dirname(found.path))
  const store = openStore(storeAt ?? resolve(workingDirectory, options.cache ?? join(root, '.maskloom')), { remark })
  const surroundings = realSurroundings(
    store,
    root,
    options.allowOutside === true,
    options.device.split(',')[0] ?? 'cpu',
  )
  const fail = (problems: readonly Diagnostic[], file?: PipelineFile): Opened => {
    store.close()
    return { ok: false, problems, file }
  }
  const loaded = surroundings.loadPipeline(found.path)
  if (!loaded.ok) return fail(loaded.problems)
  const file = loaded.value
  const settings = mergeSettings([
    ...options.params.map(path =>
      settingsFromFile(resolve(workingDirectory, path), readFileSync(path, 'utf8'), file.params),
    ),
    settingsFromArguments(options.set, file.params, workingDirectory),
  ])
  if (settings.problems.length > 0) return fail(settings.problems, file)
  const missing = [...file.params.values()].filter(
    param => param.default === undefined && !settings.values.has(param.name),
  )
  const unbound = [...file.inputs.keys(), ...missing.map(param => param.name)]
  if (file.inputs.size > 0) {
    const problems = checkOpenPipeline(file, registry, surroundings)
    if (problems.length > 0) return fail(problems, file)
    store.close()
    return { ok: 'open', file, unbound }
  }
  const compiled = await compile({ root: file, given: settings.values, targets, registry, surroundings })
  if (!compiled.ok) return fail(compiled.problems, file)
  const paramsJson = JSON.stringify(Object.fromEntries([...settings.values].map(([key, { value }]) => [key, value])))
  return { ok: true, compiled, file, store, root, paramsJson }
}

/** For commands that need a pipeline with all its values: says what is wrong otherwise. */
export async function openCompiled(
  name: string,
  targets: readonly string[],
  options: PipelineOptions,
): Promise<Extract<Opened, { ok: true }> | undefined> {
  const opened = await openPipeline(name, targets, options, message => process.stderr.write(`${message}\n`))
  if (opened.ok === true) return opened
  sayProblems(
    opened.ok === 'open' ? [unboundProblem(opened.file, opened.unbound)] : opened.problems,
    options.json === true,
  )
  return undefined
}

export function unboundProblem(file: PipelineFile, unbound: readonly string[]): Diagnostic {
  return {
    code: 'unbound-input',
    message: `\`${file.name}\` is made to be used by another pipeline: ${unbound.join(', ')} must come from there`,
    at: file.locate(['inputs'], 'key'),
    fix: 'use it under `uses:` of a step',
  }
}
