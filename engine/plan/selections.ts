import { nearestName } from '../base/typo.ts'
import type { Facets, Kind } from '../contract/kind.ts'
import type { Registry } from '../contract/registry.ts'
import { alignSource, type Feed } from './align.ts'
import type { BoundSelection, ProtoCell, ProtoStep } from './instantiate.ts'
import { type Problem, type Problems, suggest } from './problems.ts'

export interface SelectionFeed {
  readonly feed: Feed
  readonly equals: string | undefined
}

/** What chooses the items of a cell, checked; undefined if something was wrong (reported). Sources make their own items. */
export function selectionFeeds(
  step: ProtoStep,
  cell: ProtoCell,
  facetsOf: (feed: Feed) => Facets,
  registry: Registry,
  problems: Problems,
): readonly SelectionFeed[] | undefined {
  const makesItems = step.node.mode === 'files' || step.node.mode === 'scatter'
  if (makesItems) {
    if (step.declaration.items === undefined) return []
    problems.add(step.instance.file, ['steps', step.declaration.id, 'items'], {
      code: 'bad-selection',
      message: `\`${step.node.name}\` makes items, so it cannot run on a part of them`,
      fix: 'put `items:` on the steps that use them',
    })
    return undefined
  }
  const feeds: SelectionFeed[] = []
  for (const selection of step.selections) {
    for (const source of selection.sources) {
      const found = alignSource(step, cell, source, '`items`')
      const complaint = 'code' in found ? found : misfit(found, selection, facetsOf, registry)
      if (complaint !== undefined) {
        problems.add(selection.file, selection.path, complaint)
        return undefined
      }
      feeds.push({ feed: (found as readonly Feed[])[0]!, equals: selection.equals })
    }
  }
  return feeds
}

function misfit(
  found: readonly Feed[],
  { equals }: BoundSelection,
  facetsOf: (feed: Feed) => Facets,
  registry: Registry,
): Problem | undefined {
  const [feed] = found as [Feed]
  const name = `\`${feed.step.id}.${feed.port}\``
  const output = feed.step.node.outputs[feed.port]
  const kind = registry.kinds.get(output?.kind ?? '')
  if (output === undefined || kind === undefined) return undefined
  if (found.length > 1) {
    return { code: 'bad-selection', message: `${name} has ${found.length} cells, and \`items\` needs one value` }
  }
  if (equals === undefined) {
    if (output.per === 'collection' && kind.ids !== undefined) return undefined
    return {
      code: 'bad-selection',
      message: `\`items\` needs a value that lists items, and ${name} is ${output.per === 'item' ? 'one per item of ' : ''}${kind.name}`,
      fix: kindsThat(registry, one => one.ids !== undefined, 'kinds that list items'),
    }
  }
  if (output.per === 'item' && kind.choice !== undefined) {
    const known = kind.choices?.(facetsOf(feed))
    if (known === undefined || known.includes(equals)) return undefined
    return {
      code: 'bad-selection',
      message: `${name} is never \`${equals}\``,
      fix: suggest(nearestName(equals, known), known),
    }
  }
  return {
    code: 'bad-selection',
    message: `\`equals\` needs a label per item, and ${name} is ${output.per === 'collection' ? 'one value of ' : ''}${kind.name}`,
    fix: kindsThat(registry, one => one.choice !== undefined, 'kinds with a text to compare'),
  }
}

function kindsThat(registry: Registry, fits: (kind: Kind) => boolean, what: string): string {
  const names = [...registry.kinds.values()].filter(fits).map(kind => kind.name)
  return `${what}: ${names.length === 0 ? 'none' : names.join(', ')}`
}
