import type { Graph } from '../contract/graph.ts'
import type { PlanReport } from '../contract/plan.ts'
import { templateGraph } from './template-graph.ts'

/** The same picture as `mermaidText`, in Graphviz' language. */
export function dotText(graph: Graph, plan?: PlanReport): string {
  const { boxes, edges, segments, outputs } = templateGraph(graph, plan)
  const lines = [
    `digraph ${quoted(graph.name)} {`,
    '  rankdir=TB',
    '  node [shape=box, style=rounded, fontname="Helvetica"]',
    '  edge [fontname="Helvetica", fontsize=10]',
  ]
  for (const box of boxes) {
    const shape = box.collection ? ', shape=hexagon' : ''
    lines.push(`  s${box.step} [label=${quoted(box.lines.join('\n'))}${shape}]`)
  }
  for (const [index, segment] of segments.entries()) {
    lines.push(`  subgraph cluster_${index} {`, `    label=${quoted(segment.label)}`, '    style=dashed')
    lines.push(`    ${segment.steps.map(step => `s${step}`).join('; ')}`, '  }')
  }
  for (const edge of edges) {
    lines.push(`  s${edge.from} -> s${edge.to} [label=${quoted(edge.port)}${edge.transient ? ', style=dashed' : ''}]`)
  }
  for (const [index, output] of outputs.entries()) {
    lines.push(`  o${index} [label=${quoted(output.name)}, shape=note, style=""]`)
    lines.push(`  s${output.step} -> o${index} [label=${quoted(output.port)}]`)
  }
  return `${[...lines, '}'].join('\n')}\n`
}

function quoted(text: string): string {
  return `"${text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')}"`
}
