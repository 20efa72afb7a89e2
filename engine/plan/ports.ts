import { nearestName } from '../base/typo.ts'
import type { TreePath } from '../contract/pipeline.ts'
import { nothingHere } from './inner-pipeline.ts'
import { suggest } from './problems.ts'
import type { Instance, ProtoStep, Workshop } from './proto.ts'
import { isFed } from './resolve-source.ts'

/** Names on both ends of every edge of one step: the ports it binds, the ports it reads. True if all of them exist. */
export function checkPorts(step: ProtoStep, workshop: Workshop): boolean {
  const { node, declaration, instance } = step
  const { problems } = workshop
  const before = problems.all.length
  const at = ['steps', declaration.id]
  const meant = new Set<string>()
  for (const [port, binding] of declaration.in) {
    for (const source of binding.sources) checkReference(source.from, source.path, instance, workshop)
    const definition = node.inputs[port]
    if (definition === undefined) {
      const known = Object.keys(node.inputs)
      const nearest = nearestName(port, known)
      if (nearest !== undefined) meant.add(nearest)
      problems.add(instance, [...at, 'in', port], {
        code: 'unknown-port',
        message: `\`${node.name}\` has no input \`${port}\``,
        at: 'key',
        fix: suggest(nearest, known) ?? 'it takes no inputs',
      })
      continue
    }
    if (!definition.optional && !isFed(step, port))
      problems.add(instance, [...at, 'in', port], nothingHere(node.name, port))
    if (binding.list && definition.many !== 'ordered') {
      const folded = definition.many === 'folded'
      problems.add(instance, [...at, 'in', port], {
        code: 'not-ordered',
        message: `input \`${port}\` of \`${node.name}\` takes ${folded ? 'cells folded by `over:`' : 'one value'}, not a list`,
        fix: folded ? 'give the source a matrix and fold it with `over:`' : 'write it without brackets',
      })
    }
  }
  for (const [port, definition] of Object.entries(node.inputs)) {
    if (definition.optional || declaration.in.has(port) || meant.has(port)) continue
    problems.add(instance, at, {
      code: 'missing-input',
      message: `\`${node.name}\` needs its input \`${port}\` (${definition.description})`,
      at: 'key',
      fix: `add \`in: { ${port}: … }\``,
    })
  }
  checkStored(step, workshop)
  if (declaration.items !== undefined) checkReference(declaration.items.from, [...at, 'items'], instance, workshop)
  return problems.all.length === before
}

/** Reports a reference to a port that its step (or the pipeline behind it) does not have. */
export function checkReference(from: string, path: TreePath, instance: Instance, { problems }: Workshop): void {
  const dot = from.lastIndexOf('.')
  const id = from.slice(0, Math.max(dot, 0))
  const source = instance.steps.get(id)
  if (dot < 0 || source === undefined) return
  const port = from.slice(dot + 1)
  const known = 'node' in source ? Object.keys(source.node.outputs) : [...source.file.outputs.keys()]
  if (known.includes(port)) return
  const nearest = nearestName(port, known)
  problems.add(instance, path, {
    code: 'unknown-port',
    message: `step \`${id}\` has no output \`${port}\``,
    fix: suggest(
      nearest && `${id}.${nearest}`,
      known.map(one => `${id}.${one}`),
    ),
  })
}

/** `store:` names outputs, and not those that are never stored. */
function checkStored({ declaration, instance, node }: ProtoStep, { registry, problems }: Workshop): void {
  const outputs = Object.keys(node.outputs)
  for (const port of Object.keys(declaration.store)) {
    const path = ['steps', declaration.id, 'store', port]
    const output = node.outputs[port]
    if (output === undefined) {
      problems.add(instance, path, {
        code: 'unknown-port',
        message: `\`${node.name}\` has no output \`${port}\``,
        at: 'key',
        fix: suggest(nearestName(port, outputs), outputs),
      })
    } else if (registry.kinds.get(output.kind)?.transient) {
      problems.add(instance, path, {
        code: 'bad-value',
        message: `\`${port}\` is of the kind ${output.kind}, which is never stored`,
        at: 'key',
        fix: 'remove it',
      })
    }
  }
}
