import { readFileSync, statSync } from 'node:fs'
import type { RunFinished } from '../contract/event.ts'
import type { Graph } from '../contract/graph.ts'
import type { Registry } from '../contract/registry.ts'

/**
 * Outputs whose kind has a short form for the terminal (tables) are shown after the summary.
 * Those with a file per item are folders: they are named by the summary, and not shown.
 */
export function printResults(graph: Graph, kinds: Registry['kinds'], finished: RunFinished): void {
  for (const output of graph.outputs) {
    const path = finished.outputs[output.name]
    const step = graph.steps.find(one => one.cells.some(cell => cell.index === output.source.cell))
    const kind = kinds.get(step?.outputs.find(one => one.port === output.source.port)?.kind ?? '')
    if (path === undefined || kind?.print === undefined || output.cells.length > 1) continue
    if (!statSync(path).isFile()) continue
    process.stdout.write(`\n${output.name}\n${kind.print(kind.decode(readFileSync(path)))}\n`)
  }
}
