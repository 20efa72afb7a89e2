import { canonical } from '../base/canonical.ts'
import type { Facets } from '../contract/kind.ts'
import type { InputPort } from '../contract/node.ts'
import type { InputBinding } from '../contract/pipeline.ts'
import type { Feed } from './align.ts'
import type { ProtoStep, Source, Workshop } from './proto.ts'
import { resolveSource } from './resolve-source.ts'

/** Kind and `per` of everything a port is fed with; needs no cells. True if they fit. */
export function checkKinds(
  step: ProtoStep,
  portName: string,
  port: InputPort,
  binding: InputBinding,
  { problems }: Workshop,
): boolean {
  const accepted = acceptedKinds(port)
  const input = `input \`${portName}\` of \`${step.node.name}\``
  let right = true
  for (const written of binding.sources) {
    for (const source of resolveSource(step.instance, written) ?? []) {
      const output = source.step.node.outputs[source.port]!
      const { file } = source.step.instance
      const from = `\`${source.step.id}.${source.port}\``
      const wrongKind = !accepted.includes(output.kind)
      if (!wrongKind && (port.per === 'collection') === (output.per === 'collection')) continue
      const message = wrongKind
        ? `${input} takes ${accepted.join(' or ')}, and ${from} is ${output.kind}`
        : port.per === 'collection'
          ? `${input} takes one value for all items, and ${from} has one per item`
          : `${input} takes a value per item, and ${from} is one value for all items`
      const at = file.locate(['steps', source.step.declaration.id], 'key')
      problems.add(step.instance, written.path, {
        code: wrongKind ? 'wrong-kind' : 'wrong-dimension',
        message,
        notes: [{ message: `${from} is made here`, at }],
        fix: fittingOutputs(step, source, port),
      })
      right = false
    }
  }
  return right
}

/** One value where one is taken, equal static types where many are. True if they fit. */
export function checkFeeds(
  step: ProtoStep,
  portName: string,
  port: InputPort,
  feeds: readonly Feed[],
  facetsOf: (feed: Feed) => Facets,
  workshop: Workshop,
): boolean {
  const [first] = feeds
  if (first === undefined) return true
  if (port.many === undefined && feeds.length > 1) {
    workshop.problems.add(step.instance, ['steps', step.declaration.id, 'in', portName], {
      code: 'too-many-values',
      message: `input \`${portName}\` of \`${step.node.name}\` takes one value, and ${feeds.length} cells of \`${first.step.id}\` feed it`,
      fix: 'pick one with `where:`, or fold them in an ensemble step first',
    })
    return false
  }
  return port.mixedFacets === true || sameFacets(step, portName, feeds, facetsOf, workshop)
}

function sameFacets(
  step: ProtoStep,
  portName: string,
  feeds: readonly Feed[],
  facetsOf: (feed: Feed) => Facets,
  { registry, problems }: Workshop,
): boolean {
  const [first] = feeds as [Feed]
  const expected = facetsOf(first)
  const text = canonical(expected)
  for (const feed of feeds.slice(1)) {
    const facets = facetsOf(feed)
    if (facets === expected || canonical(facets) === text) continue
    const kind = feed.step.node.outputs[feed.port]?.kind ?? ''
    const explain = registry.kinds.get(kind)?.explainDifference
    const difference = explain?.(expected, facets) ?? `${text} against ${canonical(facets)}`
    const uniting = [...registry.nodes.values()]
      .filter(node => Object.values(node.inputs).some(one => one.mixedFacets && acceptedKinds(one).includes(kind)))
      .map(node => node.name)
    problems.add(step.instance, ['steps', step.declaration.id, 'in', portName], {
      code: 'mixed-types',
      message: `input \`${portName}\` of \`${step.node.name}\` takes values of one type, and ${address(first)} and ${address(feed)} differ: ${difference}`,
      fix: `leave the others out${uniting.length === 0 ? '' : `, or unite them with ${uniting.join(' or ')}`}`,
    })
    return false
  }
  return true
}

/** `leaf/propose[flip=none,model=L1]`; coordinates by axis name. */
export function cellAddress(step: ProtoStep, cell: number): string {
  const ids = step.cells[cell]?.ids ?? {}
  const axes = [...step.axes].sort()
  return axes.length === 0 ? step.id : `${step.id}[${axes.map(axis => `${axis}=${ids[axis]}`).join(',')}]`
}

function address(feed: Feed): string {
  return cellAddress(feed.step, feed.cell)
}

function acceptedKinds({ kind }: InputPort): readonly string[] {
  return typeof kind === 'string' ? [kind] : kind
}

/** Other outputs of the source's step, else of the other steps of this file, that the port would take. */
function fittingOutputs(step: ProtoStep, source: Source, port: InputPort): string | undefined {
  const accepted = acceptedKinds(port)
  const outputsOf = (other: ProtoStep) =>
    Object.entries(other.node.outputs)
      .filter(([, { kind, per }]) => accepted.includes(kind) && (per === 'collection') === (port.per === 'collection'))
      .map(([name]) => `\`${other.declaration.id}.${name}\``)
  const near = source.step.instance === step.instance ? outputsOf(source.step) : []
  const others = [...step.instance.steps.values()].flatMap(other =>
    'node' in other && other !== step ? outputsOf(other) : [],
  )
  const found = (near.length > 0 ? near : others).slice(0, 3)
  return found.length === 0 ? undefined : `${found.join(' or ')} would fit`
}
