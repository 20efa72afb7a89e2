import { dirname, resolve } from 'node:path'
import { compareDiagnostics, type Diagnostic } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'
import type { PipelineFile } from '../contract/pipeline.ts'
import type { Registry } from '../contract/registry.ts'
import { isPipelinePath } from './instantiate.ts'
import { wayOutside } from './outside.ts'
import { createProblems, suggest } from './problems.ts'
import type { Surroundings } from './surroundings.ts'

/**
 * What can be said of a pipeline whose inputs are not bound (one that is used as a node): that its nodes, their
 * parameters and their ports exist. Values, axes and types are checked where it is used.
 */
export function checkOpenPipeline(
  file: PipelineFile,
  registry: Registry,
  surroundings: Surroundings,
): readonly Diagnostic[] {
  const problems = createProblems()
  for (const step of file.steps.values()) {
    const at = ['steps', step.id]
    let params: readonly string[]
    let inputs: readonly string[]
    if (isPipelinePath(step.uses)) {
      const path = resolve(dirname(file.path), step.uses)
      const outside = wayOutside(surroundings, path)
      if (outside !== undefined) {
        problems.add(file, [...at, 'uses'], { code: 'outside-root', message: `\`${step.uses}\` is ${outside}` })
        continue
      }
      if (surroundings.kindOfPath(path) !== 'file') {
        problems.add(file, [...at, 'uses'], {
          code: 'missing-file',
          message: `there is no pipeline file \`${step.uses}\` (looked for ${path})`,
        })
        continue
      }
      const inner = surroundings.loadPipeline(path)
      if (!inner.ok) {
        problems.addDiagnostics(inner.problems)
        continue
      }
      params = [...inner.value.params.keys()]
      inputs = [...inner.value.inputs.keys()]
    } else {
      const node = registry.nodes.get(step.uses)
      if (node === undefined) {
        const known = [...registry.nodes.keys()]
        problems.add(file, [...at, 'uses'], {
          code: 'unknown-node',
          message: `there is no node \`${step.uses}\``,
          fix: suggest(nearestName(step.uses, known), known),
        })
        continue
      }
      params = Object.keys(node.params.properties)
      inputs = Object.keys(node.inputs)
    }
    for (const name of Object.keys(step.with)) {
      if (params.includes(name)) continue
      const message = `\`${step.uses}\` has no parameter \`${name}\``
      problems.add(file, [...at, 'with', name], {
        code: 'unknown-param',
        message,
        at: 'key',
        fix: suggest(nearestName(name, params), params),
      })
    }
    for (const port of step.in.keys()) {
      if (inputs.includes(port)) continue
      const message = `\`${step.uses}\` has no input \`${port}\``
      problems.add(file, [...at, 'in', port], {
        code: 'unknown-port',
        message,
        at: 'key',
        fix: suggest(nearestName(port, inputs), inputs),
      })
    }
  }
  return [...problems.all].sort(compareDiagnostics)
}
