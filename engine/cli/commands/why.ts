import { createExplainer } from '../../api/explain.ts'
import { listFiles } from '../../api/surroundings.ts'
import { nearestName } from '../../base/typo.ts'
import { noPaint, terminalPaint } from '../../report/paint.ts'
import { whyLines } from '../../report/why-text.ts'
import { forecast } from '../../run/forecast.ts'
import { listItems } from '../../run/list-items.ts'
import { isWhole } from '../../run/state.ts'
import { openCompiled } from '../open-pipeline.ts'
import type { PipelineOptions } from '../options.ts'
import { exitCode, sayProblems, wantsColour } from '../say.ts'

const cellsShown = 6

/** `maskloom why`: for a step (all its cells), or one cell by its address, and one item if named. */
export async function whyCommand(
  name: string,
  step: string,
  item: string | undefined,
  options: PipelineOptions,
): Promise<number> {
  const { store, compiled, close, pipeline } = await openCompiled(name, [], options)
  const { registry } = pipeline
  try {
    const { graph } = compiled
    const cells = graph.steps.flatMap(one => one.cells.filter(cell => one.id === step || cell.address === step))
    if (cells.length === 0) {
      const known = graph.steps.map(one => one.id)
      const nearest = nearestName(step, known)
      const fix = nearest === undefined ? `steps: ${known.join(', ')}` : `did you mean \`${nearest}\`?`
      sayProblems([{ code: 'bad-argument', message: `there is no step \`${step}\``, fix }], options.json === true)
      return exitCode.wrong
    }
    const result = forecast(graph, {
      registry,
      store,
      listItems: cell => listItems(graph, cell, registry, store, listFiles),
    })
    const group = result.state.groups[cells[0]!.group]!
    const explainer = createExplainer(result, compiled, store, registry)
    const known = group.ids.includes(item ?? '') || cells.some(cell => explainer.knewItem(cell.index, item ?? ''))
    if (item !== undefined && isWhole(group)) {
      const fix = 'leave the item out'
      const message = `\`${step}\` works on all items at once`
      sayProblems([{ code: 'bad-argument', message, fix }], options.json === true)
      return exitCode.wrong
    }
    if (item !== undefined && !known) {
      const nearest = nearestName(item, group.ids)
      const fix = nearest === undefined ? undefined : `did you mean \`${nearest}\`?`
      sayProblems(
        [{ code: 'bad-argument', message: `\`${step}\` has no item \`${item}\``, ...(fix && { fix }) }],
        options.json === true,
      )
      return exitCode.wrong
    }
    const reports = cells.map(cell => explainer.why(cell.index, item))
    if (options.json) {
      process.stdout.write(`${JSON.stringify(reports)}\n`)
      return exitCode.done
    }
    const paint = wantsColour(process.stdout) ? terminalPaint : noPaint
    const interesting = [...reports].sort((a, b) => Number(a.verdict === 'hit') - Number(b.verdict === 'hit'))
    const lines = interesting.slice(0, cellsShown).flatMap(report => whyLines(report, paint, process.cwd()))
    const rest = reports.length - cellsShown
    process.stdout.write(
      `${lines.join('\n')}\n${rest > 0 ? `… and ${rest} more cells; name one by its address\n` : ''}`,
    )
    return exitCode.done
  } finally {
    close()
  }
}
