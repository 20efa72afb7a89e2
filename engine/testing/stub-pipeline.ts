import type { Json } from '../base/canonical.ts'
import { type Digest, sha256 } from '../base/digest.ts'
import { defineNode, type InputPort, type NodeDefinition } from '../contract/node.ts'
import type { Registry } from '../contract/registry.ts'
import { compile } from '../plan/compile.ts'
import { project, smallWorld } from './small-world.ts'

/**
 * Recipe digest of a node with these parameters, its inputs fed by stubs that make the right kinds: two views (axis
 * `view`, ids `a` and `b`) for folded ports, one value for others. Every path exists; its content is its name. The
 * node's own checks of content are left out.
 * @throws Error with the problems when the pipeline does not compile.
 */
export async function recipeOf(
  node: NodeDefinition,
  registry: Registry,
  params: { readonly [name: string]: Json },
): Promise<Digest> {
  const { types: _types, ...unchecked } = node
  // What a parameter may say instead is left to the parameter.
  const instead = new Set(Object.values(node.params.properties).map(schema => schema['x-port']))
  const inputs = Object.entries(node.inputs).filter(([name]) => !instead.has(name))
  const stubs = inputs.map(([name, port]) => stubFor(name, port))
  const path = `${project}/pipeline.yaml`
  const steps = {
    ...Object.fromEntries(
      inputs.map(([name, port]) => [
        `stub-${name}`,
        { uses: `stub/${name}`, ...(port.many === 'folded' ? { matrix: { view: ['a', 'b'] } } : {}) },
      ]),
    ),
    subject: {
      uses: node.name,
      with: params,
      in: Object.fromEntries(inputs.map(([name]) => [name, `stub-${name}.out`])),
      ...(inputs.some(([, port]) => port.many === 'folded') ? { over: ['view'] } : {}),
    },
  }
  const output = Object.entries(node.outputs).find(([, { kind }]) => registry.kinds.get(kind)?.transient !== true)
  const text = JSON.stringify({ maskloom: 1, steps, outputs: { out: `subject.${output?.[0]}` } })
  const asked = Object.entries(node.params.properties)
  const world = smallWorld({ 'pipeline.yaml': text, ...functionFiles() })
  const surroundings = {
    ...world,
    kindOfPath: (at: string) =>
      samplePipelines.some(name => at === `${project}/${name}`) ||
      asked.some(([name, schema]) => schema['x-path'] === 'file' && isValueOf(params[name], at))
        ? 'file'
        : 'folder',
    fileDigest: (at: string) => sha256(at),
    listFiles: () => ['only'],
  } as const
  const root = world.loadPipeline(path)
  if (!root.ok) throw new Error(JSON.stringify(root.problems))
  const compiled = await compile({
    root: root.value,
    given: new Map(),
    targets: [],
    registry: {
      ...registry,
      nodes: new Map([...stubs, functionNode(registry), unchecked].map(one => [one.name, one])),
    },
    surroundings,
  })
  if (!compiled.ok) throw new Error(compiled.problems.map(({ message }) => message).join('\n'))
  const step = compiled.graph.steps.find(one => one.id === 'subject')
  return step?.cells[0]?.recipe as Digest
}

/** Files for parameters that name a pipeline; both have the parameter `level`. */
export const samplePipelines = ['function-a.yaml', 'function-b.yaml'] as const

function functionFiles(): { readonly [path: string]: string } {
  const files = samplePipelines.map(name => {
    const params = { level: { type: 'number', default: 1 } }
    const steps = { only: { uses: 'stub/function', with: { level: '${params.level}', name } } }
    return [name, JSON.stringify({ maskloom: 1, params, steps, outputs: { out: 'only.out' } })] as const
  })
  return Object.fromEntries(files)
}

/** The only step of these pipelines. */
function functionNode(registry: Registry): NodeDefinition {
  const stored = [...registry.kinds.values()].find(kind => kind.transient !== true)!
  const properties = {
    level: { type: 'number', description: 'A number.' },
    name: { type: 'string', description: 'A text.' },
  }
  const stub = stubFor('function', { kind: stored.name, per: 'collection', description: 'The value.' })
  return { ...stub, params: { type: 'object', additionalProperties: false, properties } }
}

function stubFor(name: string, port: InputPort): NodeDefinition {
  const kind = [port.kind].flat()[0] as string
  return defineNode<object, object>({
    name: `stub/${name}`,
    version: 1,
    description: 'Stands for any step that makes this kind.',
    mode: port.per === 'collection' ? 'collection' : 'scatter',
    lane: 'cpu',
    params: { type: 'object', additionalProperties: false, properties: {} },
    inputs: {},
    outputs: { out: { kind, per: port.per === 'collection' ? 'collection' : 'item', description: 'The value.' } },
    example: '',
    run: () => ({}),
  })
}

function isValueOf(value: Json | undefined, path: string): boolean {
  const texts = typeof value === 'object' && value !== null ? Object.values(value) : [value]
  return texts.some(text => typeof text === 'string' && path === `${project}/${text}`)
}
