import { nearestName } from '../base/typo.ts'
import type { CellPort, GraphOutput } from '../contract/graph.ts'
import { requiredInputs } from '../contract/pipeline.ts'
import { checkConditions } from './align.ts'
import type { Build } from './cells.ts'
import { checkReference } from './ports.ts'
import { type Problem, suggest } from './problems.ts'
import { type Instance, type ProtoStep, type Source, selects, type Workshop } from './proto.ts'
import { protoSteps, resolveSource, type WrittenSource } from './resolve-source.ts'

/** What is asked for: outputs of the root, or ports named on the command line. */
export interface Wanted {
  readonly name: string
  readonly sources: readonly Source[]
  /** Where it is written; empty for a target. */
  readonly path: readonly string[]
}

/** Checks the outputs of the root pipeline and the targets; gives those that are wanted, if nothing is wrong with them. */
export function wantedOutputs(instance: Instance, workshop: Workshop): readonly Wanted[] {
  // Outputs of a pipeline that others use are values like any other.
  const alone = requiredInputs(instance.file).length === 0
  const declared = [...instance.file.outputs].flatMap(([name, { from, where }]) => {
    const path = ['outputs', name]
    checkReference(from, path, instance, workshop)
    const sources = checked(instance, { from, where, path }, workshop)
    const report = (problem: Problem) => workshop.problems.add(instance, path, problem)
    if (sources === undefined || (alone && !deliverable(name, sources, workshop, report))) return []
    return [{ name, sources, path }]
  })
  const { targets } = workshop
  if (targets.length === 0) return declared
  return [...new Set(targets)].flatMap(name => {
    if (instance.file.outputs.has(name)) return declared.filter(output => output.name === name)
    const report = ({ code, message, fix }: Problem) =>
      workshop.problems.addDiagnostics([{ code, message, ...(fix === undefined ? {} : { fix }) }])
    const sources = targetSources(name, instance, workshop, report)
    return sources !== undefined && deliverable(name, sources, workshop, report) ? [{ name, sources, path: [] }] : []
  })
}

/** The cells behind what is wanted; every step has been built. */
export function graphOutputs(wanted: readonly Wanted[], instance: Instance, build: Build): readonly GraphOutput[] {
  return wanted.map(({ name, sources, path }) => {
    const cells = sources.flatMap(source =>
      source.step.cells.flatMap((cell, i): CellPort[] => {
        const index = build.indexOf.get(source.step)?.[i]
        return selects(source, cell) && index !== undefined ? [{ cell: index, port: source.port }] : []
      }),
    )
    return { name, source: cells[0]!, cells, at: instance.file.locate(path) }
  })
}

function checked(instance: Instance, written: WrittenSource, { problems }: Workshop): readonly Source[] | undefined {
  const sources = resolveSource(instance, written)
  if (sources === undefined || sources.some(source => !source.step.known)) return undefined
  if (!sources.map(source => checkConditions(source, problems)).every(Boolean)) return undefined
  if (sources.some(source => source.step.cells.some(cell => selects(source, cell)))) return sources
  problems.add(instance, [...written.path, 'where'], {
    code: 'no-cells',
    message: `no cell of \`${written.from}\` matches \`where\``,
    fix: 'each id is there, but not all of them in one cell',
  })
  return undefined
}

function deliverable(
  name: string,
  sources: readonly Source[],
  { registry }: Workshop,
  report: (problem: Problem) => void,
): boolean {
  const isStored = (kind: string) => registry.kinds.get(kind)?.transient !== true
  const source = sources.find(({ step, port }) => !isStored(step.node.outputs[port]!.kind))
  if (source === undefined) return true
  const { step, port } = source
  const stored = Object.entries(step.node.outputs).filter(([, output]) => isStored(output.kind))
  const others = stored.map(([other]) => `\`${step.id}.${other}\``)
  report({
    code: 'transient-output',
    message: `\`${name}\` cannot be delivered: \`${step.id}.${port}\` is never stored`,
    fix: others.length === 0 ? 'deliver what a later step makes of it' : `${others.join(' or ')} can be delivered`,
  })
  return false
}

/** `step.port`, also of a step inside a pipeline that is used (`leaf/propose.proposals`). */
function targetSources(
  name: string,
  instance: Instance,
  workshop: Workshop,
  report: (problem: Problem) => void,
): readonly Source[] | undefined {
  const protos = protoSteps(instance)
  const outputs = [...instance.file.outputs.keys()]
  const dot = name.lastIndexOf('.')
  const id = dot < 0 ? name : name.slice(0, dot)
  const step = instance.steps.get(id) ?? protos.find(proto => proto.id === id)
  const code = 'unknown-target'
  if (step === undefined) {
    const ids = [...new Set([...instance.steps.keys(), ...protos.map(proto => proto.id)])]
    const nearestId = nearestName(id, ids)
    const nearest = nearestName(name, outputs) ?? (nearestId && nearestId + name.slice(id.length))
    const message = `there is no output \`${name}\`, and no such port of a step`
    report({ code, message, fix: suggest(nearest, []) ?? `outputs: ${outputs.join(', ')}` })
    return undefined
  }
  const ports = portsOf(step)
  const port = name.slice(dot + 1)
  if (dot >= 0 && ports.includes(port)) {
    const [place, local] = 'node' in step ? [step.instance, step.declaration.id] : [instance, id]
    return checked(place, { from: `${local}.${port}`, where: {}, path: [] }, workshop)
  }
  const message =
    dot < 0 ? `\`${name}\` is a step, and one of its ports is needed` : `step \`${id}\` has no output \`${port}\``
  const nearest = dot < 0 ? undefined : nearestName(port, ports)
  const fix = suggest(
    nearest && `${id}.${nearest}`,
    ports.map(one => `${id}.${one}`),
  )
  report({ code, message, fix })
  return undefined
}

function portsOf(step: ProtoStep | Instance): readonly string[] {
  return 'node' in step ? Object.keys(step.node.outputs) : [...step.file.outputs.keys()]
}
