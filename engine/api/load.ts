import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import type { Loaded, PipelineFile } from '../contract/pipeline.ts'
import type { Registry } from '../contract/registry.ts'
import type { ConfigFile } from '../load/config-file.ts'
import { loadPipeline } from '../load/load.ts'
import {
  mergeSettings,
  type Setting,
  type Settings,
  settingsFromArguments,
  settingsFromFile,
  settingsFromValues,
} from '../load/settings.ts'
import { projectConfig } from './config.ts'
import { PipelineError } from './pipeline-error.ts'
import { findPipeline, projectRoot } from './project.ts'
import { registryWith } from './user-nodes.ts'

/** What may be said about a pipeline from outside; the same as on the command line. */
export interface LoadOptions {
  /** Values of parameters by name. Relative paths in them start at `directory`. */
  readonly params?: { readonly [name: string]: Json }
  /** Parameter files, as after `--params`; `params` and `set` win over them. */
  readonly paramFiles?: readonly string[]
  /** `name=value` texts, as after `--set`; they win over `params`. */
  readonly set?: readonly string[]
  /** Where relative paths start and a pipeline is looked for. Default: the working directory of the process. */
  readonly directory?: string
  /** Cache folder; false: a throw-away one. Default: what the project's config says, or `.maskloom` in the project. */
  readonly cache?: string | false
  /** `cpu`, or devices such as `cuda:0,cuda:1`. Default: what the project's config says, or `cpu`. */
  readonly device?: string
  /** Modules of nodes of your own: paths of files, or names of packages. */
  readonly nodes?: readonly string[]
  /** Loads the modules of nodes that the project's config names, too. Their code runs in this process. */
  readonly allowNodes?: boolean
  /** Lets the pipeline read outside the project folder, and write there. */
  readonly allowOutside?: boolean
  /** Lets the pipeline run programs (`command/run`). */
  readonly allowCommands?: boolean
  /** What `${env.NAME}` reads, for names the pipeline declares. Default: the environment of the process. */
  readonly environment?: { readonly [name: string]: string | undefined }
}

/** A pipeline file that was read and given its parameters. Plain data; nothing is open, nothing was run. */
export interface Pipeline {
  readonly name: string
  /** Absolute. */
  readonly path: string
  /** The project folder: nothing outside it is read or written unless that is allowed. */
  readonly root: string
  /** `maskloom.config.yaml` of the project, if it has one. Options win over it. */
  readonly config: ConfigFile | undefined
  readonly file: PipelineFile
  /** Values given for its parameters, by name. */
  readonly settings: ReadonlyMap<string, Setting>
  readonly registry: Registry
  readonly options: LoadOptions
}

/**
 * Reads a pipeline (a path, or the name of one in `pipelines/`) and the values of its parameters.
 * @throws PipelineError with everything that is wrong with the file or the values.
 */
export async function load(name: string, options: LoadOptions = {}): Promise<Pipeline> {
  const read = await readPipeline(name, options)
  if (!read.ok) throw new PipelineError(read.problems)
  return read.value
}

/** The same, with problems as a result. */
export async function readPipeline(name: string, options: LoadOptions): Promise<Loaded<Pipeline>> {
  const directory = resolve(options.directory ?? '.')
  const found = findPipeline(name, directory)
  if ('problem' in found) return { ok: false, problems: [found.problem] }
  const loaded = loadPipeline(found.path, path => readFileSync(path, 'utf8'))
  if (!loaded.ok) return loaded
  const file = loaded.value
  const { values, problems } = mergeSettings([
    ...(options.paramFiles ?? []).map(path => readParamFile(resolve(directory, path), file)),
    settingsFromValues(options.params ?? {}, file.params, directory),
    settingsFromArguments(options.set ?? [], file.params, directory),
  ])
  const { name: title, path } = file
  const root = projectRoot(dirname(path))
  const config = projectConfig(root, options.allowOutside === true)
  const named = config.ok && options.allowNodes === true ? (config.value?.nodes ?? []) : []
  const registry = await registryWith([
    ...named.map(name => ({ name, directory: root })),
    ...(options.nodes ?? []).map(name => ({ name, directory })),
  ])
  const others = [config, registry].flatMap(read => (read.ok ? [] : read.problems))
  if (!config.ok || !registry.ok || problems.length > 0) return { ok: false, problems: [...problems, ...others] }
  const pipeline = { name: title, path, root, config: config.value, file, settings: values, options }
  return { ok: true, value: { ...pipeline, registry: registry.value } }
}

function readParamFile(path: string, file: PipelineFile): Settings {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const problem: Diagnostic = {
      code: 'missing-file',
      message: `the parameter file ${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`,
    }
    return { values: new Map(), problems: [problem] }
  }
  return settingsFromFile(path, text, file.params)
}
