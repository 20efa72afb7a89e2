import { nearestName } from '../base/typo.ts'
import type { PipelineFile, StepDeclaration } from '../contract/pipeline.ts'
import type { Instance, ProtoStep } from './instantiate.ts'
import { type Problems, suggest } from './problems.ts'

/**
 * Names on both ends of every edge of one step: the ports it binds, the ports it reads. True if all of them exist, so
 * that later stages need not ask again.
 */
export function checkPorts(step: ProtoStep, problems: Problems): boolean {
  const { node, declaration, instance } = step
  const { file } = instance
  const before = problems.all.length
  const at = ['steps', declaration.id]
  for (const [port, binding] of declaration.in) {
    const definition = node.inputs[port]
    if (definition === undefined) {
      const known = Object.keys(node.inputs)
      problems.add(file, [...at, 'in', port], {
        code: 'unknown-port',
        message: `\`${node.name}\` has no input \`${port}\``,
        at: 'key',
        fix: suggest(nearestName(port, known), known) ?? 'it takes no inputs',
      })
      continue
    }
    if (binding.list && definition.many !== 'ordered') {
      problems.add(file, [...at, 'in', port], {
        code: 'not-ordered',
        message: `input \`${port}\` of \`${node.name}\` takes ${definition.many === 'folded' ? 'cells folded by `over:`' : 'one value'}, not a list`,
        fix: definition.many === 'folded' ? 'give the source a matrix and fold it with `over:`' : undefined,
      })
    }
    for (const source of binding.sources) checkReference(source.from, source.path, instance, problems)
  }
  for (const [port, definition] of Object.entries(node.inputs)) {
    if (definition.optional || declaration.in.has(port)) continue
    problems.add(file, at, {
      code: 'missing-input',
      message: `\`${node.name}\` needs its input \`${port}\` (${definition.description})`,
      at: 'key',
      fix: `add \`in: { ${port}: … }\``,
    })
  }
  checkStored(step.declaration, Object.keys(node.outputs), file, node.name, problems)
  return problems.all.length === before
}

/** Reports a reference to a port that its step (or the pipeline behind it) does not have. */
export function checkReference(
  from: string,
  path: readonly (string | number)[],
  instance: Instance,
  problems: Problems,
): void {
  const dot = from.lastIndexOf('.')
  if (dot < 0) return
  const source = instance.steps.get(from.slice(0, dot))
  if (source === undefined) return
  const port = from.slice(dot + 1)
  const known = 'node' in source ? Object.keys(source.node.outputs) : [...source.file.outputs.keys()]
  if (known.includes(port)) return
  const nearest = nearestName(port, known)
  problems.add(instance.file, path, {
    code: 'unknown-port',
    message: `step \`${from.slice(0, dot)}\` has no output \`${port}\``,
    fix: nearest === undefined ? suggest(undefined, known) : `did you mean \`${from.slice(0, dot)}.${nearest}\`?`,
  })
}

function checkStored(
  declaration: StepDeclaration,
  outputs: readonly string[],
  file: PipelineFile,
  node: string,
  problems: Problems,
): void {
  for (const port of Object.keys(declaration.store)) {
    if (outputs.includes(port)) continue
    problems.add(file, ['steps', declaration.id, 'store', port], {
      code: 'unknown-port',
      message: `\`${node}\` has no output \`${port}\``,
      at: 'key',
      fix: suggest(nearestName(port, outputs), outputs),
    })
  }
}
