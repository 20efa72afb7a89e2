import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type CachePlace, cacheOfProject } from '../api/cache-place.ts'
import { PipelineError } from '../api/pipeline-error.ts'
import type { CacheOptions } from './options.ts'

/**
 * The cache that a command without a pipeline looks into: that of the project around the working directory.
 * @throws PipelineError for a folder given by hand that is no cache: it would become one.
 */
export function cachePlace({ cache, allowOutside }: CacheOptions): CachePlace {
  const place = cacheOfProject(process.cwd(), cache, allowOutside === true)
  const isCache = ['index.db', 'objects'].some(name => existsSync(join(place.folder, name)))
  if (cache !== undefined && !isCache) {
    const message = `--cache ${cache}: ${existsSync(place.folder) ? 'this folder is no cache' : 'there is no such folder'}`
    throw new PipelineError([{ code: 'bad-argument', message, fix: 'a cache holds `index.db`; check the path' }])
  }
  return place
}
