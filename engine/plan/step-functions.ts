import { dirname } from 'node:path'
import type { Json } from '../base/canonical.ts'
import { nearestName } from '../base/typo.ts'
import type { Facets } from '../contract/kind.ts'
import type { PipelineFile } from '../contract/pipeline.ts'
import type { CheckedFunction, CompiledFunction, FunctionParams } from '../contract/pipeline-function.ts'
import type { addStep } from './add-step.ts'
import type { Feed } from './align.ts'
import type { Given, ParamProblem } from './bind-params.ts'
import { compileFunction, type FunctionRequest, keyedFunction } from './compile-function.ts'
import { functionDifference } from './function-difference.ts'
import type { NodeParams } from './node-params.ts'
import type { ReadPath } from './path-param.ts'
import { createProblems, suggest, writtenPath } from './problems.ts'
import type { Instance, ProtoStep, Workshop } from './proto.ts'

export interface StepFunctions {
  /** For the node's own checks. */
  readonly pipelines: { readonly [param: string]: CheckedFunction }
  /** The node's parameters with its pipelines compiled. */
  readonly whole: NodeParams
}

/** Compiles the pipelines a step names in parameters, for the types that feed it; undefined after a mistake (reported). */
export async function stepFunctions(
  step: ProtoStep,
  params: NodeParams,
  feeds: ReadonlyMap<string, readonly Feed[]>,
  facetsOf: (feed: Feed) => Facets,
  readPath: ReadPath,
  workshop: Workshop,
  add: typeof addStep,
): Promise<StepFunctions | undefined> {
  const pipelines: { [param: string]: CheckedFunction } = {}
  let whole = params
  for (const [param, file] of step.pipelines) {
    const fed = [...file.inputs.keys()].flatMap(name => (feeds.get(name) ?? []).map(feed => [name, feed] as const))
    const facets = new Map(fed.map(([name, feed]) => [name, facetsOf(feed)]))
    const given = givenParams(step, param, file, params, workshop)
    const notes = [{ message: `used here as \`${param}\` of \`${step.id}\``, at: placeOf(step, param) }]
    const request: FunctionRequest = { file, facets, chain: chainOf(step.instance), notes, readPath, add }
    const before = workshop.problems.all.length
    const built = await compileFunction(request, given, workshop, missingParam(step, param, workshop))
    if (built === undefined || workshop.problems.all.length > before) return undefined
    const { compiled } = built
    pipelines[param] = checked(request, given, compiled, workshop)
    const keyed = { ...whole.keyed, [param]: keyedFunction(built) }
    whole = { ...whole, params: { ...whole.params, [param]: compiled as unknown as Json }, keyed }
  }
  return { pipelines, whole }
}

/** What the step says of the pipeline's parameters (`x-params-of`), by name. */
function givenParams(
  step: ProtoStep,
  pipeline: string,
  file: PipelineFile,
  { params }: NodeParams,
  { problems }: Workshop,
): ReadonlyMap<string, Given> {
  const given = new Map<string, Given>()
  const known = [...file.params.keys()]
  for (const [param, schema] of Object.entries(step.node.params.properties)) {
    if (schema['x-params-of'] !== pipeline) continue
    for (const [name, value] of Object.entries((params[param] ?? {}) as FunctionParams)) {
      given.set(name, { value, baseDirectory: dirname(step.instance.file.path) })
      if (file.params.has(name)) continue
      const path = ['steps', step.declaration.id, 'with', param]
      problems.add(step.instance, [...path, ...writtenPath(step.declaration.with[param], [name])], {
        code: 'unknown-param',
        message: `\`${step.declaration.with[pipeline]}\` has no parameter \`${name}\``,
        at: 'key',
        fix: suggest(nearestName(name, known), known) ?? 'it has no parameters',
      })
    }
  }
  return given
}

function missingParam(step: ProtoStep, pipeline: string, { problems }: Workshop): (problem: ParamProblem) => void {
  const param = Object.entries(step.node.params.properties).find(([, one]) => one['x-params-of'] === pipeline)?.[0]
  const at = ['steps', step.declaration.id]
  return ({ name, missing, type, path, message, fix }) => {
    const tree = param === undefined ? undefined : step.declaration.with[param]
    if (missing) {
      problems.add(step.instance, [...at, 'with', pipeline], {
        code: 'missing-param',
        message: `\`${step.declaration.with[pipeline]}\` needs its parameter \`${name}\` (${type})`,
        fix: `give it a default${param === undefined ? '' : `, or write \`${param}: { ${name}: … }\``}`,
      })
    } else if (tree !== undefined) {
      const below = writtenPath(tree, [name, ...path])
      problems.add(step.instance, [...at, 'with', param!, ...below], { code: 'bad-param', message, fix })
    } else problems.addDiagnostics([{ code: 'bad-param', message, ...(fix && { fix }) }])
  }
}

function checked(
  request: FunctionRequest,
  given: ReadonlyMap<string, Given>,
  compiled: CompiledFunction,
  workshop: Workshop,
): CheckedFunction {
  return {
    compiled,
    params: request.file.params,
    inputs: request.file.inputs,
    problemsWith: async params => {
      const problems = createProblems()
      const told: string[] = []
      const values = new Map(given)
      for (const [name, value] of Object.entries(params)) values.set(name, { value, baseDirectory: '/' })
      const trial = { ...workshop, problems, uses: { left: workshop.uses.left } }
      const other = await compileFunction(request, values, trial, ({ message }) => void told.push(message))
      const found = [...told, ...problems.all.map(({ message }) => message)]
      if (found.length > 0 || other === undefined) return found
      const difference = functionDifference(compiled, other.compiled, params)
      return difference === undefined ? [] : [difference]
    },
    reaches: param => {
      const reached = compiled.tasks.filter(task => task.holes.some(hole => hole.param === param))
      const addresses = (per: 'item' | 'collection') =>
        reached.filter(task => task.per === per).map(({ address }) => address)
      return { item: addresses('item'), collection: addresses('collection') }
    },
  }
}

function placeOf({ instance, declaration }: ProtoStep, param: string) {
  return instance.file.locate(['steps', declaration.id, 'with', param])
}

/** The files that use each other on the way to a step. */
function chainOf(instance: Instance): readonly string[] {
  return [...(instance.use === undefined ? [] : chainOf(instance.use.instance)), instance.file.path]
}
