import { nearestName } from '../base/typo.ts'
import type { Facets, Kind } from '../contract/kind.ts'
import { type Alignment, alignSource, type Feed } from './align.ts'
import type { Build } from './cells.ts'
import { type Problem, suggest } from './problems.ts'
import type { BoundSelection, ProtoCell, ProtoStep, Workshop } from './proto.ts'

export interface SelectionFeed {
  readonly feed: Feed
  readonly equals: string | undefined
}

export type Selecting = (cell: ProtoCell) => readonly SelectionFeed[]

/** What chooses the items of each cell, checked; undefined if something was wrong. Sources make their own items. */
export function selectionFeeds(
  step: ProtoStep,
  facetsOf: (feed: Feed) => Facets,
  workshop: Workshop,
): Selecting | undefined {
  const { problems } = workshop
  if (step.node.mode === 'files' || step.node.mode === 'scatter') {
    if (step.declaration.items === undefined) return () => []
    problems.add(step.instance, ['steps', step.declaration.id, 'items'], {
      code: 'bad-selection',
      message: `\`${step.node.name}\` makes items, so it cannot run on a part of them`,
      fix: 'put `items:` on the steps that use them',
    })
    return undefined
  }
  const parts: ((cell: ProtoCell) => SelectionFeed)[] = []
  for (const selection of step.selections) {
    for (const source of selection.sources ?? [undefined]) {
      const report = (complaint: Problem) => problems.add(selection.place, selection.path, complaint)
      const alignment = source && alignSource(step, source, '`items`', problems, report)
      if (alignment === undefined || !fits(step, alignment, selection, facetsOf, workshop, report)) return undefined
      parts.push(cell => ({ feed: alignment(cell)[0]!, equals: selection.equals }))
    }
  }
  return cell => parts.map(part => part(cell))
}

/** Static types of the selections that chose the items of these values, and of the values they were made from. */
export function selectionsBefore(feeds: readonly Feed[], { cells, indexOf }: Build): readonly Facets[] {
  const seen = new Set<number>()
  const found: Facets[] = []
  function visit(index: number): void {
    if (seen.has(index)) return
    seen.add(index)
    const { inputs, selects } = cells[index]!
    for (const { source } of selects) found.push(cells[source.cell]!.facets[source.port] ?? {})
    for (const { cell } of inputs.flatMap(input => input.sources)) visit(cell)
  }
  for (const { step, cell } of feeds) visit(indexOf.get(step)![cell]!)
  return found
}

function fits(
  step: ProtoStep,
  alignment: Alignment,
  selection: BoundSelection,
  facetsOf: (feed: Feed) => Facets,
  { registry }: Workshop,
  report: (complaint: Problem) => void,
): boolean {
  for (const cell of step.cells) {
    const complaint = misfit(alignment(cell), selection, facetsOf, [...registry.kinds.values()])
    if (complaint === undefined) continue
    report(complaint)
    return false
  }
  return true
}

function misfit(
  found: readonly Feed[],
  { equals }: BoundSelection,
  facetsOf: (feed: Feed) => Facets,
  kinds: readonly Kind[],
): Problem | undefined {
  const [feed] = found as [Feed]
  const name = `\`${feed.step.id}.${feed.port}\``
  const output = feed.step.node.outputs[feed.port]
  const kind = kinds.find(one => one.name === output?.kind)
  if (output === undefined || kind === undefined) return undefined
  const code = 'bad-selection'
  if (found.length > 1) {
    return {
      code,
      message: `${name} has ${found.length} cells, and \`items\` needs one value`,
      fix: 'select before the axes are made, or give the step these axes',
    }
  }
  if (equals === undefined) {
    if (output.per === 'collection' && kind.ids !== undefined) return undefined
    return {
      code,
      message: `\`items\` needs a value that lists items, and ${name} is ${output.per === 'item' ? 'one per item of ' : ''}${kind.name}`,
      fix: kindsThat(kinds, one => one.ids !== undefined, 'kinds that list items'),
    }
  }
  if (output.per === 'item' && kind.choice !== undefined) {
    const known = kind.choices?.(facetsOf(feed))
    if (known === undefined || known.includes(equals)) return undefined
    return { code, message: `${name} is never \`${equals}\``, fix: suggest(nearestName(equals, known), known) }
  }
  return {
    code,
    message: `\`equals\` needs a label per item, and ${name} is ${output.per === 'collection' ? 'one value of ' : ''}${kind.name}`,
    fix: kindsThat(kinds, one => one.choice !== undefined, 'kinds with a text to compare'),
  }
}

function kindsThat(kinds: readonly Kind[], fitting: (kind: Kind) => boolean, what: string): string {
  const names = kinds.filter(fitting).map(kind => kind.name)
  return `${what}: ${names.length === 0 ? 'none' : names.join(', ')}`
}
