import type { Graph } from '../contract/graph.ts'
import type { PlanReport } from '../contract/plan.ts'
import { templateGraph } from './template-graph.ts'

/**
 * Mermaid flowchart of a pipeline: a box per step (a hexagon for collection steps), dashed arrows for values that are
 * never stored, a frame around steps that run in one worker. With a plan, boxes also say what will run.
 */
export function mermaidText(graph: Graph, plan?: PlanReport): string {
  const { boxes, edges, segments, outputs } = templateGraph(graph, plan)
  const framed = new Set(segments.flatMap(segment => segment.steps))
  const boxText = (step: number): string => {
    const box = boxes.find(candidate => candidate.step === step)
    const label = quoted((box?.lines ?? []).join('\n'))
    return box?.collection === true ? `s${step}{{${label}}}` : `s${step}[${label}]`
  }
  const lines = ['flowchart TD']
  for (const box of boxes) if (!framed.has(box.step)) lines.push(`  ${boxText(box.step)}`)
  for (const [index, segment] of segments.entries()) {
    lines.push(`  subgraph g${index}[${quoted(segment.label)}]`)
    for (const step of segment.steps) lines.push(`    ${boxText(step)}`)
    lines.push('  end')
  }
  for (const edge of edges) {
    lines.push(`  s${edge.from} ${edge.transient ? '-.->' : '-->'}|${quoted(edge.port)}| s${edge.to}`)
  }
  for (const [index, output] of outputs.entries()) {
    lines.push(`  o${index}([${quoted(output.name)}])`, `  s${output.step} -->|${quoted(output.port)}| o${index}`)
  }
  return `${lines.join('\n')}\n`
}

/** Mermaid knows entity codes inside quotes, but no backslash escapes. */
function quoted(text: string): string {
  const escaped = text.replace(/#/g, '#35;').replace(/"/g, '#quot;').replace(/</g, '#lt;').replace(/>/g, '#gt;')
  return `"${escaped.replace(/\n/g, '<br/>')}"`
}
