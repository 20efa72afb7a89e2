import { load } from '../../api/load.ts'
import { prepareRun } from '../../api/prepare-run.ts'
import type { RunHandle } from '../../run/run.ts'
import type { RunOptions } from '../options.ts'
import { printResults } from '../print-results.ts'
import { runLoadOptions, runOptions } from '../run-request.ts'
import { exitCode } from '../say.ts'
import { showRun } from '../show-run.ts'

/** `maskloom run`: opens, runs, shows. */
export async function runCommand(name: string, targets: readonly string[], options: RunOptions): Promise<number> {
  if (options.dryRun) return (await import('./plan.ts')).planCommand(name, targets, options, runLoadOptions(options))
  if (options.watch) return (await import('./watch.ts')).watchCommand(name, targets, options)
  const pipeline = await load(name, runLoadOptions(options))
  const prepared = await prepareRun(pipeline, runOptions(targets, options))
  const { maxTime } = options
  const finished = await showRun(prepared, options, handle =>
    maxTime === undefined ? () => {} : stopAfter(maxTime, handle),
  )
  if (!options.json) printResults(prepared.graph, pipeline.registry.kinds, finished)
  return finished.status === 'done' ? exitCode.done : exitCode[finished.status]
}

/** The clock runs since the start of the process: whoever gives a job so long counts everything. */
function stopAfter(maxTimeMs: number, handle: RunHandle): () => void {
  const reason = 'the time given with --max-time is over'
  const timer = setTimeout(() => handle.stop(reason, 'stopped'), Math.max(0, maxTimeMs - performance.now()))
  return () => clearTimeout(timer)
}
