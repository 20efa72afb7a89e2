import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type CachePlace, cacheOfProject } from '../api/cache-place.ts'
import { PipelineError } from '../api/pipeline-error.ts'
import type { CacheOptions } from './options.ts'

export interface ExistingCache extends CachePlace {
  /** False before the first run. Looking must not make one. */
  readonly exists: boolean
}

/**
 * The cache that a command without a pipeline looks into: that of the project around the working directory.
 * @throws PipelineError for a folder given by hand that is no cache: it would become one.
 */
export function cachePlace({ cache, allowOutside }: CacheOptions): ExistingCache {
  const place = cacheOfProject(process.cwd(), cache, allowOutside === true)
  const exists = ['index.db', 'objects'].some(name => existsSync(join(place.folder, name)))
  if (cache !== undefined && !exists) {
    const message = `--cache ${cache}: ${existsSync(place.folder) ? 'this folder is no cache' : 'there is no such folder'}`
    throw new PipelineError([{ code: 'bad-argument', message, fix: 'a cache holds `index.db`; check the path' }])
  }
  return { ...place, exists }
}

/** What commands say that only look. */
export function noCacheLine(folder: string): string {
  return `The cache is empty: there is no ${folder} yet.\n`
}
