import type { Graph, Step } from '../contract/graph.ts'
import type { PlanReport } from '../contract/plan.ts'
import { counted, formatCount } from './format.ts'

/**
 * A graph as people draw it: one box per step, however many cells it has, so that a picture of 12 views × 5,000 images
 * is as large as one of a single view. The Mermaid and DOT writers only spell it.
 */
export interface TemplateGraph {
  readonly boxes: readonly TemplateBox[]
  readonly edges: readonly TemplateEdge[]
  /** Steps that run together in one worker; only those of two or more steps. */
  readonly segments: readonly { readonly label: string; readonly steps: readonly number[] }[]
  readonly outputs: readonly { readonly name: string; readonly step: number; readonly port: string }[]
}

export interface TemplateBox {
  /** Index of the step. */
  readonly step: number
  /** Lines of the box: id, node, `12 cells: model × scale × flip`, and what a plan says of it. */
  readonly lines: readonly string[]
  readonly collection: boolean
}

export interface TemplateEdge {
  readonly from: number
  readonly to: number
  readonly port: string
  readonly kind: string
  /** Never stored: both ends run in the same worker. */
  readonly transient: boolean
}

export function templateGraph(graph: Graph, plan?: PlanReport): TemplateGraph {
  const planned = new Map(plan?.steps.map(step => [step.step, step]))
  const boxes = graph.steps.map(step => {
    const counts = planned.get(step.id)
    const planLine =
      counts === undefined
        ? []
        : [
            `${formatCount(counts.hit)} hit, ${formatCount(counts.run + counts.rebuild)} to run, ${formatCount(counts.maybe)} maybe`,
          ]
    return {
      step: step.index,
      lines: [step.id, step.node, ...cellsLine(step), ...planLine],
      collection: step.mode === 'collection',
    }
  })
  return { boxes, edges: edgesOf(graph), segments: segmentsOf(graph), outputs: outputsOf(graph) }
}

function cellsLine(step: Step): string[] {
  if (step.axes.length === 0 && step.cells.length <= 1) return []
  return [`${counted(step.cells.length, 'cell')}: ${step.axes.map(axis => axis.name).join(' × ')}`]
}

function edgesOf(graph: Graph): TemplateEdge[] {
  const stepOfCell = new Map(graph.steps.flatMap(step => step.cells.map(cell => [cell.index, step] as const)))
  const edges = new Map<string, TemplateEdge>()
  for (const step of graph.steps) {
    for (const input of step.cells.flatMap(cell => cell.inputs)) {
      for (const source of input.sources) {
        const from = stepOfCell.get(source.cell)
        const output = from?.outputs.find(candidate => candidate.port === source.port)
        if (from === undefined || output === undefined) continue
        const edge = {
          from: from.index,
          to: step.index,
          port: source.port,
          kind: output.kind,
          transient: output.persist === 'transient',
        }
        edges.set(`${edge.from} ${edge.to} ${edge.port}`, edge)
      }
    }
  }
  return [...edges.values()]
}

/** Steps joined by any shared group; the same steps are often repeated in several groups (one per model). */
function segmentsOf(graph: Graph): TemplateGraph['segments'] {
  const stepOfCell = new Map(graph.steps.flatMap(step => step.cells.map(cell => [cell.index, step.index] as const)))
  const parts: { steps: Set<number>; groups: number }[] = []
  for (const group of graph.groups) {
    if (group.form !== 'items') continue
    const steps = new Set(group.cells.flatMap(cell => stepOfCell.get(cell) ?? []))
    let groups = 1
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index]
      if (part === undefined || ![...part.steps].some(step => steps.has(step))) continue
      for (const step of part.steps) steps.add(step)
      groups += part.groups
      parts.splice(index, 1)
    }
    parts.push({ steps, groups })
  }
  return parts
    .filter(part => part.steps.size > 1)
    .map(part => ({
      label: part.groups === 1 ? 'one worker per item' : `one worker per item, in ${part.groups} parts`,
      steps: [...part.steps].sort((a, b) => a - b),
    }))
}

function outputsOf(graph: Graph): TemplateGraph['outputs'] {
  const stepOfCell = new Map(graph.steps.flatMap(step => step.cells.map(cell => [cell.index, step.index] as const)))
  return graph.outputs.flatMap(output => {
    const step = stepOfCell.get(output.source.cell)
    return step === undefined ? [] : [{ name: output.name, step, port: output.source.port }]
  })
}
