import { describeValue } from '../base/words.ts'
import type { InputPort, NodeDefinition } from '../contract/node.ts'
import type { PipelineFile, StepDeclaration } from '../contract/pipeline.ts'
import { openInner } from './inner-pipeline.ts'
import type { Instance, Workshop } from './proto.ts'

/** Parameters of a node that name a pipeline file. */
export function pipelineParams(node: NodeDefinition): readonly string[] {
  return Object.entries(node.params.properties).flatMap(([name, schema]) => (schema['x-pipeline'] ? [name] : []))
}

/** The files behind the `x-pipeline` parameters of a step; undefined if one cannot be had (reported). */
export function openParamPipelines(
  node: NodeDefinition,
  declaration: StepDeclaration,
  instance: Instance,
  chain: readonly string[],
  workshop: Workshop,
): ReadonlyMap<string, PipelineFile> | undefined {
  const { problems } = workshop
  const opened = new Map<string, PipelineFile>()
  let right = true
  for (const param of pipelineParams(node)) {
    const written = declaration.with[param]
    const at = ['steps', declaration.id, 'with', param]
    const wrong =
      typeof written !== 'string' || written.includes('${')
        ? `\`${param}\` of \`${node.name}\`: expected the path of a pipeline file, found ${describeValue(written ?? null)}`
        : undefined
    const file = wrong === undefined ? openInner(written as string, at, instance, chain, workshop) : undefined
    if (written === undefined) {
      const message = `\`${node.name}\` needs its parameter \`${param}\` (${node.params.properties[param]!.description})`
      const fix = `add \`with: { ${param}: ./FILE.yaml }\``
      problems.add(instance, ['steps', declaration.id], { code: 'missing-param', message, at: 'key', fix })
    } else if (wrong !== undefined) {
      const fix = 'a path relative to this file; its inputs are ports of the step, so references are not resolved here'
      problems.add(instance, at, { code: 'bad-param', message: wrong, fix })
    }
    for (const name of file?.inputs.keys() ?? []) {
      if (node.inputs[name] === undefined) continue
      const message = `\`${written}\` has an input \`${name}\`, and \`${node.name}\` has one of its own`
      problems.add(instance, at, { code: 'bad-value', message, fix: `give the input of \`${written}\` another name` })
      right = false
    }
    if (file === undefined) right = false
    else opened.set(param, file)
  }
  return right ? opened : undefined
}

/** The node with the inputs of its pipelines as ports: values per item arrive as collections. */
export function withPipelinePorts(node: NodeDefinition, pipelines: ReadonlyMap<string, PipelineFile>): NodeDefinition {
  if (pipelines.size === 0) return node
  const ports = [...pipelines].flatMap(([param, { inputs }]) =>
    [...inputs.values()].map(({ name, kind, per, optional }): [string, InputPort] => [
      name,
      { kind, per, description: `${name} of the pipeline in ${param}`, ...(optional && { optional }) },
    ]),
  )
  return { ...node, inputs: { ...node.inputs, ...Object.fromEntries(ports) } }
}
