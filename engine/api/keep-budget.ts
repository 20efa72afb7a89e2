import { collectGarbage } from '../../cache/collect.ts'
import type { Store } from '../contract/store.ts'
import { formatBytes, formatCount, formatDuration } from '../report/format.ts'

/**
 * Brings a cache under its budget. Says what was dropped; undefined if nothing was. Never throws: a run that is done
 * does not fail because its cache could not be tidied.
 */
export function keepBudget(store: Store, budgetBytes: number): string | undefined {
  if (store.directory === undefined || store.stats().blobBytes <= budgetBytes) return undefined
  try {
    const { droppedValues, beforeBytes, afterBytes, droppedCostMs } = collectGarbage(store.directory, { budgetBytes })
    if (droppedValues === 0) return undefined
    const what = `${formatCount(droppedValues)} cached values (${formatBytes(beforeBytes - afterBytes)})`
    return `${what} were dropped to keep the cache under ${formatBytes(budgetBytes)}; making them again would take about ${formatDuration(droppedCostMs)} of work`
  } catch (error) {
    return `the cache could not be brought under its budget: ${error instanceof Error ? error.message : String(error)}`
  }
}
