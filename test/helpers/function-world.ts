import { sha256 } from '../../engine/base/digest.ts'
import type { Kind } from '../../engine/contract/kind.ts'
import { defineNode, type NodeDefinition } from '../../engine/contract/node.ts'
import type { CompiledFunction } from '../../engine/contract/pipeline-function.ts'
import type { Registry } from '../../engine/contract/registry.ts'
import { compile } from '../../engine/plan/compile.ts'
import { project, smallWorld, type WorldFiles } from '../../engine/testing/small-world.ts'
import { registry as whole } from '../../nodes/index.ts'
import { shownProblems } from './broken.ts'
import { classesOf } from './collections.ts'

/** All nodes, and sources of values that need no files. */
export const registry: Registry = {
  ...whole,
  nodes: new Map([
    ...whole.nodes,
    ...[source('made/scenes', 'item'), transientNode()].map(one => [one.name, one] as const),
  ]),
  kinds: new Map([...whole.kinds, ['fleeting', { ...whole.kinds.get('features')!, name: 'fleeting' } as Kind]]),
}

function source(name: string, per: 'item'): NodeDefinition {
  const classes = classesOf('cat', 'dog')
  const instances = { kind: 'instances', per, description: 'Some.' } as const
  return defineNode<object, object>({
    name,
    version: 1,
    description: 'Makes values.',
    mode: 'scatter',
    lane: 'cpu',
    params: { type: 'object', additionalProperties: false, properties: {} },
    inputs: {},
    outputs: { found: instances, truth: instances, type: { kind: 'label', per, description: 'Some.' } },
    example: '',
    types: () => ({ found: classes, truth: classes, type: classes }),
    run: () => ({}),
  })
}

function transientNode(): NodeDefinition {
  return defineNode<object, object>({
    name: 'made/fleeting',
    version: 1,
    description: 'Makes what is never stored.',
    mode: 'item',
    lane: 'cpu',
    params: { type: 'object', additionalProperties: false, properties: {} },
    inputs: { instances: { kind: 'instances', per: 'item', description: 'Some.' } },
    outputs: { features: { kind: 'fleeting', per: 'item', description: 'Some.' } },
    example: '',
    run: () => ({}),
  })
}

/** `pipelines/main.yaml` among these files: its graph, or what is wrong with it as text. */
export async function compileMain(files: WorldFiles) {
  const path = `${project}/pipelines/main.yaml`
  const world = smallWorld(files)
  const textOf = (file: string) => new TextDecoder().decode(world.readFile(file))
  const shown = (problems: Parameters<typeof shownProblems>[0]) =>
    shownProblems(problems, textOf, { path, folder: project })
  const root = world.loadPipeline(path)
  if (!root.ok) return { problems: shown(root.problems) }
  const surroundings = { ...world, fileDigest: (at: string) => sha256(at) }
  const compiled = await compile({ root: root.value, given: new Map(), targets: [], registry, surroundings })
  return compiled.ok ? { graph: compiled.graph, problems: '' } : { problems: shown(compiled.problems) }
}

/** The function behind the parameter `pipeline` of the step `tuned`. */
export async function functionIn(files: WorldFiles): Promise<CompiledFunction> {
  const { graph, problems } = await compileMain(files)
  const cell = graph?.steps.find(({ id }) => id === 'tuned')?.cells[0]
  if (cell === undefined) throw new Error(problems)
  return (cell.params as unknown as { readonly pipeline: CompiledFunction }).pipeline
}
