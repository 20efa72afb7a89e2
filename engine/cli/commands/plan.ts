import { registry } from '../../../nodes/index.ts'
import { noPaint, terminalPaint } from '../../report/paint.ts'
import { planLines } from '../../report/plan-table.ts'
import { forecast } from '../../run/forecast.ts'
import { listItems } from '../../run/list-items.ts'
import { planReport } from '../../run/plan-report.ts'
import { createExplainer } from '../explain.ts'
import { openCompiled } from '../open-pipeline.ts'
import type { PipelineOptions } from '../options.ts'
import { exitCode, wantsColour } from '../say.ts'
import { listFiles } from '../surroundings.ts'

/** `maskloom plan`: what a run would do, per step, and why. */
export async function planCommand(name: string, targets: readonly string[], options: PipelineOptions): Promise<number> {
  const opened = await openCompiled(name, targets, options)
  if (opened === undefined) return exitCode.wrong
  const { store, compiled } = opened
  try {
    const { graph, recipes } = compiled
    const result = forecast(graph, {
      registry,
      store,
      listItems: cell => listItems(graph, cell, registry, store, listFiles),
    })
    const report = planReport(result, registry, createExplainer(result, recipes, store).reason)
    const paint = wantsColour(process.stdout) ? terminalPaint : noPaint
    const text = options.json ? JSON.stringify(report) : planLines(report, paint, process.stdout.columns).join('\n')
    process.stdout.write(`${text}\n`)
    return exitCode.done
  } finally {
    store.close()
  }
}
