import { openMemoryStore } from '../../../cache/memory.ts'
import { openStore } from '../../../cache/open.ts'
import { cacheBudgetBytes } from '../../api/cache-place.ts'
import { formatBytes, formatCount } from '../../report/format.ts'
import { cachePlace, noCacheLine } from '../cache-place.ts'
import type { CacheOptions } from '../options.ts'
import { exitCode, sayRemark } from '../say.ts'

/** `maskloom cache stats`: how much there is. */
export async function cacheStatsCommand(options: CacheOptions): Promise<number> {
  const { folder, config, exists } = cachePlace(options)
  if (!exists && options.json !== true) {
    process.stdout.write(noCacheLine(folder))
    return exitCode.done
  }
  const store = exists ? openStore(folder, { remark: sayRemark }) : openMemoryStore()
  try {
    const stats = store.stats()
    const budgetBytes = cacheBudgetBytes(undefined, config, folder)
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ directory: folder, ...stats, budgetBytes })}\n`)
      return exitCode.done
    }
    const lines = [
      `cache     ${folder}`,
      `results   ${formatCount(stats.tasks)} tasks known`,
      `values    ${formatCount(stats.blobs)} stored, ${formatBytes(stats.blobBytes)} (${formatCount(stats.inlineBlobs)} in the database, ${formatCount(stats.fileBlobs)} as files)`,
      `budget    ${formatBytes(budgetBytes)}`,
      `database  ${formatBytes(stats.databaseBytes)}`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return exitCode.done
  } finally {
    store.close()
  }
}
