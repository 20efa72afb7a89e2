import { canonical } from '../base/canonical.ts'
import type { Facets } from '../contract/kind.ts'
import type { InputPort } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import type { Feed } from './align.ts'
import type { ProtoStep } from './instantiate.ts'
import type { Problems } from './problems.ts'

/** Kind, `per`, number and facets of what feeds one port of one cell. True if they fit. */
export function checkFeeds(
  step: ProtoStep,
  portName: string,
  port: InputPort,
  feeds: readonly Feed[],
  facetsOf: (feed: Feed) => Facets,
  registry: Registry,
  problems: Problems,
): boolean {
  const { file } = step.instance
  const at = ['steps', step.declaration.id, 'in', portName]
  const accepted = typeof port.kind === 'string' ? [port.kind] : port.kind
  for (const feed of feeds) {
    const output = feed.step.node.outputs[feed.port]
    if (output === undefined) return false
    const from = `\`${feed.step.id}.${feed.port}\``
    if (!accepted.includes(output.kind)) {
      problems.add(file, at, {
        code: 'wrong-kind',
        message: `input \`${portName}\` of \`${step.node.name}\` takes ${accepted.join(' or ')}, and ${from} is ${output.kind}`,
        notes: [
          {
            message: `${from} is made here`,
            at: feed.step.instance.file.locate(['steps', feed.step.declaration.id], 'key'),
          },
        ],
        fix: fittingOutput(feed, accepted),
      })
      return false
    }
    if ((port.per === 'children' ? 'item' : port.per) !== output.per) {
      problems.add(file, at, {
        code: 'wrong-dimension',
        message:
          output.per === 'item'
            ? `input \`${portName}\` of \`${step.node.name}\` takes one value for the whole collection, and ${from} has one per item`
            : `input \`${portName}\` of \`${step.node.name}\` takes a value per item, and ${from} is one value for the whole collection`,
      })
      return false
    }
  }
  const [first] = feeds
  if (first === undefined) return true
  if (port.many === undefined && feeds.length > 1) {
    problems.add(file, at, {
      code: 'too-many-values',
      message: `input \`${portName}\` of \`${step.node.name}\` takes one value, and ${feeds.length} cells of \`${first.step.id}\` feed it`,
      fix: 'pick one with `where:`, or fold them in an ensemble step first',
    })
    return false
  }
  return port.mixedFacets === true || sameFacets(step, portName, feeds, facetsOf, registry, problems)
}

function sameFacets(
  step: ProtoStep,
  portName: string,
  feeds: readonly Feed[],
  facetsOf: (feed: Feed) => Facets,
  registry: Registry,
  problems: Problems,
): boolean {
  const [first] = feeds as [Feed]
  const expected = facetsOf(first)
  const text = canonical(expected)
  for (const feed of feeds.slice(1)) {
    const facets = facetsOf(feed)
    if (canonical(facets) === text) continue
    const kind = registry.kinds.get(feed.step.node.outputs[feed.port]?.kind ?? '')
    const difference = kind?.explainDifference?.(expected, facets) ?? `${text} against ${canonical(facets)}`
    problems.add(step.instance.file, ['steps', step.declaration.id, 'in', portName], {
      code: 'mixed-types',
      message: `\`${step.id}\` would average values of different types: ${address(first)} and ${address(feed)} differ in ${difference}`,
      fix: 'only members with equal class lists can be folded; unite others with instances/concat or masks/nms',
    })
    return false
  }
  return true
}

export function address(feed: Feed): string {
  return cellAddress(feed.step, feed.cell)
}

/** `leaf/propose[flip=none,model=L1]`; coordinates by axis name. */
export function cellAddress(step: ProtoStep, cell: number): string {
  const ids = step.cells[cell]?.ids ?? {}
  const axes = [...step.axes].sort()
  return axes.length === 0 ? step.id : `${step.id}[${axes.map(axis => `${axis}=${ids[axis]}`).join(',')}]`
}

function fittingOutput(feed: Feed, accepted: readonly string[]): string | undefined {
  const fitting = Object.entries(feed.step.node.outputs).find(([, output]) => accepted.includes(output.kind))
  return fitting === undefined ? undefined : `\`${feed.step.declaration.id}.${fitting[0]}\` would fit`
}
