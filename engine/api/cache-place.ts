import { join, resolve } from 'node:path'
import { defaultBudgetBytes } from '../../cache/collect.ts'
import type { ConfigFile } from '../load/config-file.ts'
import { projectConfig } from './config.ts'
import { PipelineError } from './pipeline-error.ts'
import { projectRoot } from './project.ts'

/** Where the cache of a project is, and what its config says. */
export interface CachePlace {
  /** Absolute. */
  readonly folder: string
  readonly config: ConfigFile | undefined
}

/**
 * The cache of the project around a folder, for whoever looks into it without a pipeline.
 * @throws PipelineError when the config of the project is wrong.
 */
export function cacheOfProject(directory: string, cache: string | undefined, allowOutside: boolean): CachePlace {
  const root = projectRoot(directory)
  // With a cache given, what the config says of it does not matter.
  const config = projectConfig(root, allowOutside || cache !== undefined)
  if (!config.ok) throw new PipelineError(config.problems)
  return { folder: cacheFolder(cache, config.value, root, directory), config: config.value }
}

/** What was asked for wins over the config, which wins over `.maskloom` in the project. */
export function cacheFolder(
  asked: string | undefined,
  config: ConfigFile | undefined,
  root: string,
  directory: string,
): string {
  return asked === undefined || asked === '' ? (config?.cache ?? join(root, '.maskloom')) : resolve(directory, asked)
}

/** What the cache in this folder may hold; the default depends on its disk. */
export function cacheBudgetBytes(asked: number | undefined, config: ConfigFile | undefined, folder: string): number {
  return asked ?? config?.cacheBytes ?? defaultBudgetBytes(folder)
}
