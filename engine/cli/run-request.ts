import type { LoadOptions } from '../api/load.ts'
import type { PartOptions } from '../api/part.ts'
import type { RunOptions as LibraryRunOptions } from '../api/prepare-run.ts'
import { readItemIds } from './item-file.ts'
import { loadOptions } from './open-pipeline.ts'
import type { ItemOptions, RunOptions } from './options.ts'

/** Arguments of `run` in the words of the library. */
export function runLoadOptions(options: RunOptions): LoadOptions {
  return { ...loadOptions(options), ...(options.cacheOn ? {} : { cache: false as const }) }
}

/** @throws PipelineError when the file of items cannot be read. */
export function partOptions({ shard, items }: ItemOptions): PartOptions {
  return {
    ...(shard === undefined ? {} : { shard }),
    ...(items === undefined ? {} : { items: readItemIds(items) }),
  }
}

/** @throws PipelineError when the file of items cannot be read. */
export function runOptions(targets: readonly string[], options: RunOptions): LibraryRunOptions {
  const { out, slots, workers, memory, cacheSize, audit } = options
  return {
    ...partOptions(options),
    targets,
    force: options.force,
    keepGoing: options.keepGoing === true,
    ...(out === undefined ? {} : { out }),
    ...(slots === undefined ? {} : { slots }),
    ...(workers === undefined ? {} : { workers }),
    ...(memory === undefined ? {} : { memoryBytes: memory }),
    ...(cacheSize === undefined ? {} : { cacheBytes: cacheSize }),
    ...(audit === undefined ? {} : { audit }),
  }
}
