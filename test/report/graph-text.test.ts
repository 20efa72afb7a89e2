import { describe, expect, it } from 'vitest'
import { dotText } from '../../engine/report/graph-dot.ts'
import { mermaidText } from '../../engine/report/graph-mermaid.ts'
import { smallGraph } from '../helpers/small-graph.ts'

const views = { model: ['L1', 'L2'], flip: ['none', 'horizontal'] }
const graph = smallGraph(
  [
    { id: 'images', node: 'images/folder', output: 'image' },
    { id: 'propose', node: 'detect/propose', axes: views, output: 'features', transient: true, reads: ['images'] },
    { id: 'heads', node: 'detect/boxes', axes: views, output: 'boxes', reads: ['propose'] },
    { id: 'submission', node: 'submission/"x"', mode: 'collection', output: 'file', reads: ['heads'] },
  ],
  [['images'], ['propose', 'heads'], ['submission']],
)

describe('the picture of a pipeline', () => {
  it('has one box per step, dashed arrows for values that are never stored and frames around segments', () => {
    expect(mermaidText(graph)).toBe(`flowchart TD
  s0["images<br/>images/folder"]
  s3{{"submission<br/>submission/#quot;x#quot;"}}
  subgraph g0["one worker per item"]
    s1["propose<br/>detect/propose<br/>4 cells: model × flip"]
    s2["heads<br/>detect/boxes<br/>4 cells: model × flip"]
  end
  s0 -->|"out"| s1
  s1 -.->|"out"| s2
  s2 -->|"out"| s3
  o0(["submission"])
  s3 -->|"out"| o0
`)
  })

  it('is the same picture for Graphviz', () => {
    expect(dotText(graph)).toBe(`digraph "berries" {
  rankdir=TB
  node [shape=box, style=rounded, fontname="Helvetica"]
  edge [fontname="Helvetica", fontsize=10]
  s0 [label="images\\nimages/folder"]
  s1 [label="propose\\ndetect/propose\\n4 cells: model × flip"]
  s2 [label="heads\\ndetect/boxes\\n4 cells: model × flip"]
  s3 [label="submission\\nsubmission/\\"x\\"", shape=hexagon]
  subgraph cluster_0 {
    label="one worker per item"
    style=dashed
    s1; s2
  }
  s0 -> s1 [label="out"]
  s1 -> s2 [label="out", style=dashed]
  s2 -> s3 [label="out"]
  o0 [label="submission", shape=note, style=""]
  s3 -> o0 [label="out"]
}
`)
  })

  it('says in the boxes what a plan would run', () => {
    const counts = { hit: 40, run: 7, maybe: 2, rebuild: 1 }
    const step = {
      ...counts,
      step: 'heads',
      node: 'detect/boxes',
      cells: 4,
      tasks: 50,
      bytesPerTask: undefined,
      reason: undefined,
    }
    const totals = { ...counts, inferences: 0, inferencesAtMost: 0 }
    const text = mermaidText(graph, { pipeline: 'berries', items: [], steps: [step], totals, deferred: [] })
    expect(text).toContain('s2["heads<br/>detect/boxes<br/>4 cells: model × flip<br/>40 hit, 8 to run, 2 maybe"]')
  })

  it('joins groups that repeat the same steps into one frame', () => {
    const [images, propose, heads] = graph.steps
    const cellsOf = (part: number) => [propose?.cells[part]?.index ?? 0, heads?.cells[part]?.index ?? 0]
    const base = { form: 'items', lane: 'gpu', selects: [], externals: [], exports: [] } as const
    const groups = [0, 1, 2, 3].map(part => ({ ...base, index: part, cells: cellsOf(part) }))
    const alone = { ...base, index: 4, cells: [images?.cells[0]?.index ?? 0] }
    const text = mermaidText({ ...graph, groups: [...groups, alone] })
    expect(text.match(/subgraph/g)).toHaveLength(1)
    expect(text).toContain('subgraph g0["one worker per item, in 4 parts"]')
  })
})
