/**
 * What a run of the pipeline of minimal-recompute.test.ts has to execute at least, worked out without the engine: a
 * task's key is written out as text, values and all, and nothing is ever forgotten.
 */
export interface World {
  /** By item. */
  readonly texts: Map<string, string>
  models: readonly string[]
  marks: readonly string[]
  suffixes: readonly string[]
  separator: string
  title: string
  unused: string
  tail: string
  delayMs: number
  comment: string
}

export function pipelineOf(world: World): string {
  const list = (values: readonly string[]) => `[${values.map(value => JSON.stringify(value)).join(', ')}]`
  return `# ${world.comment}
maskloom: 1
name: recompute
params:
  models: { type: list, default: ${list(world.models)} }
  marks: { type: list, default: ${list(world.marks)} }
  suffixes: { type: list, default: ${list(world.suffixes)} }
steps:
  texts: { uses: fake/texts, with: { path: texts } }
  scan:
    uses: fake/scan
    matrix: { model: "\${params.models}" }
    with: { model: "\${matrix.model}", delay_ms: ${world.delayMs} }
    in: { texts: texts.texts }
  read:
    uses: fake/read-map
    matrix: { model: "\${params.models}", mark: "\${params.marks}" }
    with: { mark: "\${matrix.mark}" }
    in: { map: scan.map }
  loud:
    uses: fake/io-upper
    matrix: { model: "\${params.models}", mark: "\${params.marks}", suffix: "\${params.suffixes}" }
    with: { suffix: "\${matrix.suffix}" }
    in: { texts: read.text }
  merged:
    uses: fake/fold
    over: [model, mark, suffix]
    with: { separator: ${JSON.stringify(world.separator)} }
    in: { texts: loud.text }
  digit: { uses: fake/has-digit, with: { unused: ${JSON.stringify(world.unused)} }, in: { texts: texts.texts } }
  tail: { uses: fake/io-upper, with: { suffix: ${JSON.stringify(world.tail)} }, in: { texts: digit.text } }
  all: { uses: fake/collect, with: { title: ${JSON.stringify(world.title)} }, in: { texts: merged.text } }
  book: { uses: fake/collect, with: { title: book }, in: { texts: tail.text } }
outputs: { all: all.text, book: book.text }
`
}

/** Lines of the nodes' log, sorted; of folds only that they ran. `known` takes up the new keys. */
export function leastWork(world: World, known: Set<string>): readonly string[] {
  const log: string[] = []
  /** @returns whether it has to run; once for each key. */
  const isNew = (...key: readonly unknown[]) => {
    const text = JSON.stringify(key)
    if (known.has(text)) return false
    known.add(text)
    return true
  }
  const all: unknown[] = []
  const book: unknown[] = []
  for (const [id, text] of [...world.texts].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const name = text.split(' ')[0]
    if (isNew('texts', text)) log.push(`texts ${name}`)
    const louds: string[] = []
    for (const model of world.models) {
      let scans = isNew('scan', model, text)
      for (const mark of world.marks) {
        // What it reads is transient: the key of the scan stands for it, and the scan must run with it.
        const reads = isNew('read', mark, model, text)
        if (reads) log.push(`read-map ${mark} ${model}:${name}`)
        scans ||= reads
        for (const suffix of world.suffixes) {
          if (isNew('loud', suffix, mark, model, text)) log.push(`io-upper ${mark}${model}:${name}`)
          louds.push(`${mark}${model}:${text} ${suffix}`)
        }
      }
      if (scans) log.push(`scan ${model} ${name}`)
    }
    const merged = [world.separator, ...louds.sort()]
    if (isNew('merged', merged)) log.push('fold')
    all.push([id, merged])
    const digit = /\d/.test(text) ? 'yes' : 'no'
    if (isNew('digit', world.unused, text)) log.push(`has-digit ${name}`)
    if (isNew('loud', world.tail, digit)) log.push(`io-upper ${digit}`)
    book.push([id, digit, world.tail])
  }
  if (isNew('collect', world.title, all)) log.push(`collect ${all.length}`)
  if (isNew('collect', 'book', book)) log.push(`collect ${book.length}`)
  return log.sort()
}

/** The engine's log in the same words. */
export function plainLog(executed: readonly string[]): readonly string[] {
  return executed.map(line => (line.startsWith('fold ') ? 'fold' : line.replace(/^(scan \S+ \S+) \S+$/, '$1'))).sort()
}
