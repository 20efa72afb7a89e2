import { nearestName } from '../../base/typo.ts'
import { tableLines } from '../../report/table.ts'
import { cellCosts } from '../../run/cell-costs.ts'
import { openCompiled } from '../open-pipeline.ts'
import type { PipelineOptions } from '../options.ts'
import { exitCode, sayProblems } from '../say.ts'

/** `maskloom cost`: what each cell of a step takes from nothing, by the durations recorded in the cache. */
export async function costCommand(name: string, step: string, options: PipelineOptions): Promise<number> {
  const { store, compiled, close } = await openCompiled(name, [], options)
  try {
    const { steps } = compiled.graph
    const found = steps.find(one => one.id === step)
    if (found === undefined) {
      const known = steps.map(one => one.id)
      const nearest = nearestName(step, known)
      const fix = nearest === undefined ? `steps: ${known.join(', ')}` : `did you mean \`${nearest}\`?`
      sayProblems([{ code: 'bad-argument', message: `there is no step \`${step}\``, fix }], options.json === true)
      return exitCode.wrong
    }
    const cells = cellCosts(compiled.graph, found, store)
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ step, cells })}\n`)
      return exitCode.done
    }
    const columns = [{ title: 'cell' }, ...['s per item', 's once'].map(title => ({ title, align: 'right' as const }))]
    const rows = cells.map(one => [one.address, one.secondsPerItem.toFixed(3), one.secondsOnce.toFixed(3)])
    const unknown = [...new Set(cells.flatMap(one => one.unknownSteps))]
    const lines = tableLines(columns, rows, {})
    if (unknown.length > 0) lines.push(`without what never ran: ${unknown.join(', ')}`)
    process.stdout.write(`${lines.join('\n')}\n`)
    return exitCode.done
  } finally {
    close()
  }
}
