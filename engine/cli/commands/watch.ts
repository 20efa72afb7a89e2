import { relative } from 'node:path'
import { cacheOfProject } from '../../api/cache-place.ts'
import { load } from '../../api/load.ts'
import { PipelineError } from '../../api/pipeline-error.ts'
import { plan } from '../../api/plan.ts'
import { prepareRun } from '../../api/prepare-run.ts'
import { type Diagnostic, TaskError } from '../../base/diagnostic.ts'
import type { PlanReport } from '../../contract/plan.ts'
import { counted, formatCount } from '../../report/format.ts'
import { createFileWatch } from '../file-watch.ts'
import type { RunOptions } from '../options.ts'
import { printResults } from '../print-results.ts'
import { runLoadOptions, runOptions } from '../run-request.ts'
import { exitCode, sayProblems } from '../say.ts'
import { showRun, stopSignals } from '../show-run.ts'
import { pathsOfCommand, pathsOfGraph, pathsOfProblems } from '../watched-paths.ts'

/**
 * `maskloom run --watch`: plans, says what it costs, runs, and does it again when a file has changed; one run at a time.
 * A change during a run lets that run finish what it has begun and starts over. What is wrong is said, and waited for.
 */
export async function watchCommand(name: string, targets: readonly string[], options: RunOptions): Promise<number> {
  const command = pathsOfCommand(name, options)
  if (command === undefined) await load(name, runLoadOptions(options))
  const watch = createFileWatch()
  const end = listenForEnd()
  let paths = command ?? []
  let ignored: readonly string[] = []
  try {
    for (;;) {
      watch.follow(paths, ignored)
      watch.reset()
      const round = await runOnce()
      if (round === 'interrupted') return exitCode.interrupted
      if (end.asked()) return exitCode.done
      if (round === 'changed') continue
      process.stderr.write(`watching ${counted(paths.length, 'path')} for changes; Ctrl-C ends\n`)
      const cause = await Promise.race([watch.changed(), end.promise])
      if (cause === undefined) return exitCode.done
      process.stderr.write(`\nchanged: ${relative(process.cwd(), cause)}\n`)
    }
  } finally {
    watch.close()
    end.release()
  }

  async function runOnce(): Promise<'waiting' | 'changed' | 'interrupted'> {
    try {
      const pipeline = await load(name, runLoadOptions(options))
      const request = runOptions(targets, options)
      sayCost(await plan(pipeline, request), options)
      if (end.asked()) return 'waiting'
      const prepared = await prepareRun(pipeline, request)
      paths = [...new Set([...(command ?? []), ...pathsOfGraph(prepared.graph)])]
      ignored = [prepared.outDirectory, cacheOfProject(pipeline.root, options.cache, true).folder]
      watch.follow(paths, ignored)
      const finished = await showRun(prepared, options, handle => {
        let over = false
        void watch.changed().then(path => {
          if (!over) handle.stop(`${relative(process.cwd(), path)} has changed`, 'stopped')
        })
        return () => {
          over = true
        }
      })
      if (!options.json) printResults(prepared.graph, pipeline.registry.kinds, finished)
      if (finished.status === 'interrupted') return 'interrupted'
      return finished.status === 'stopped' ? 'changed' : 'waiting'
    } catch (error) {
      const problems = problemsIn(error)
      sayProblems(problems, options.json === true)
      paths = [...new Set([...paths, ...pathsOfProblems(problems)])]
      watch.follow(paths, ignored)
      return 'waiting'
    }
  }
}

function problemsIn(error: unknown): readonly Diagnostic[] {
  if (error instanceof PipelineError) return error.problems
  if (error instanceof TaskError) return [error.diagnostic]
  throw error
}

/** Signals count at any time: while it waits, plans, and (there they stop the run as well) while it runs. */
function listenForEnd(): { readonly promise: Promise<undefined>; asked: () => boolean; release: () => void } {
  let asked = false
  let resolve = () => {}
  const promise = new Promise<undefined>(settle => {
    resolve = () => settle(undefined)
  })
  const hear = () => {
    asked = true
    resolve()
  }
  for (const signal of stopSignals) process.on(signal, hear)
  const release = () => {
    for (const signal of stopSignals) process.off(signal, hear)
  }
  return { promise, asked: () => asked, release }
}

function sayCost(report: PlanReport, { json }: RunOptions): void {
  process.stdout.write(json ? `${JSON.stringify({ type: 'plan', ...report })}\n` : `${costText(report)}\n`)
}

/** "plan: 24 cached, 3 run, 2 may run, 1 rebuilt; 3 inferences, at most 5" */
function costText({ totals }: PlanReport): string {
  const { hit, run, maybe, rebuild, inferences, inferencesAtMost } = totals
  const parts = [
    `${formatCount(hit)} cached`,
    `${formatCount(run)} to run`,
    ...(maybe > 0 ? [`${formatCount(maybe)} may run`] : []),
    ...(rebuild > 0 ? [`${formatCount(rebuild)} rebuilt`] : []),
  ]
  const most = inferencesAtMost > inferences ? `, at most ${formatCount(inferencesAtMost)}` : ''
  return `plan: ${parts.join(', ')}; ${counted(inferences, 'inference')}${most}`
}
