import { type Collected, collectGarbage } from '../../../cache/collect.ts'
import { cacheBudgetBytes } from '../../api/cache-place.ts'
import { counted, formatBytes, formatDuration } from '../../report/format.ts'
import { cachePlace, noCacheLine } from '../cache-place.ts'
import type { CacheOptions } from '../options.ts'
import { exitCode, sayRemark } from '../say.ts'

/** `maskloom cache gc`: drops what is cheapest to make again until the cache is under its budget. */
export async function cacheGcCommand(options: CacheOptions & { readonly cacheSize?: number }): Promise<number> {
  const { folder, config, exists } = cachePlace(options)
  const budgetBytes = cacheBudgetBytes(options.cacheSize, config, folder)
  if (!exists && options.json !== true) {
    process.stdout.write(noCacheLine(folder))
    return exitCode.done
  }
  const found = exists ? collectGarbage(folder, { budgetBytes, remark: sayRemark }) : nothingCollected(budgetBytes)
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ directory: folder, ...found })}\n`)
    return exitCode.done
  }
  const { beforeBytes, afterBytes, droppedValues, droppedCostMs, droppedRows, protectedBytes } = found
  const lines = [
    droppedValues === 0
      ? `nothing dropped: ${formatBytes(beforeBytes)} stored, ${formatBytes(budgetBytes)} allowed`
      : `dropped ${counted(droppedValues, 'value')}: ${formatBytes(beforeBytes)} → ${formatBytes(afterBytes)}, ${formatBytes(budgetBytes)} allowed; making them again would take about ${formatDuration(droppedCostMs)} of work`,
    ...(droppedRows > 0 ? [`forgot ${counted(droppedRows, 'result')} that no run asked for in a long time`] : []),
    ...(protectedBytes > 0 ? [`kept ${formatBytes(protectedBytes)} that runs going on now may need`] : []),
  ]
  process.stdout.write(`${lines.join('\n')}\n`)
  return exitCode.done
}

function nothingCollected(budgetBytes: number): Collected {
  return {
    budgetBytes,
    beforeBytes: 0,
    afterBytes: 0,
    droppedValues: 0,
    droppedCostMs: 0,
    protectedBytes: 0,
    droppedRows: 0,
  }
}
