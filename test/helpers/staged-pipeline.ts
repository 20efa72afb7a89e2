/**
 * The three-stage shape in small: scans of two models share what they see (a transient value) with a second stage that
 * needs the pooled outlines of both. `scan`, `pooled`, `read`, `merged` are one segment; `loud` and `all` come after it.
 */
export const stagedPipeline = `maskloom: 1
name: staged
params:
  models: { type: list, default: [a, b] }
  separator: { type: string, default: "+" }
  mark: { type: string, default: "" }
  suffix: { type: string, default: "!" }
  title: { type: string, default: "all" }
  delay: { type: number, default: 0 }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  scan:
    uses: fake/scan
    matrix: { model: "\${params.models}" }
    with: { model: "\${matrix.model}", delay_ms: "\${params.delay}" }
    in: { texts: texts.texts }
  pooled: { uses: fake/fold, over: [model], with: { separator: "\${params.separator}" }, in: { texts: scan.outline } }
  read:
    uses: fake/read-map
    matrix: scan
    with: { mark: "\${params.mark}" }
    in: { map: scan.map, hint: pooled.text }
  merged: { uses: fake/fold, over: [model], in: { texts: read.text } }
  loud: { uses: fake/io-upper, with: { suffix: "\${params.suffix}" }, in: { texts: merged.text } }
  all: { uses: fake/collect, with: { title: "\${params.title}" }, in: { texts: loud.text } }
outputs:
  all: all.text
  loud: loud.text
`

export const threeTexts = { p: 'pear tree 1', q: 'quince bush 2', r: 'rowan hill 3' }
