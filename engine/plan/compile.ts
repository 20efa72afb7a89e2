import { compareDiagnostics, type Diagnostic } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import type { Graph } from '../contract/graph.ts'
import type { PipelineFile } from '../contract/pipeline.ts'
import type { Registry } from '../contract/registry.ts'
import { addStep } from './add-step.ts'
import type { Given, ParamProblem } from './bind-params.ts'
import { type Build, createBuild } from './cells.ts'
import { maxUses } from './inner-pipeline.ts'
import { instantiate } from './instantiate.ts'
import { type OriginOf, originFinder } from './origin.ts'
import { graphOutputs, type Wanted, wantedOutputs } from './outputs.ts'
import { createPathReader } from './path-param.ts'
import { type Places, placesOf } from './places.ts'
import { createProblems } from './problems.ts'
import type { Deferred, Instance, ProtoStep, Workshop } from './proto.ts'
import { prune } from './prune.ts'
import { protoSteps, topological } from './resolve-source.ts'
import { groupCells } from './segments.ts'
import type { Surroundings } from './surroundings.ts'

export interface CompileRequest {
  readonly root: PipelineFile
  /** Values for the root's parameters, from the command line. */
  readonly given: ReadonlyMap<string, Given>
  /** Names of outputs, or `step.port`; empty means all outputs. */
  readonly targets: readonly string[]
  readonly registry: Registry
  readonly surroundings: Surroundings
}

export type Compiled =
  | {
      readonly ok: true
      readonly graph: Graph
      /** The JSON behind each recipe digest of the graph, for the store. */
      readonly recipes: ReadonlyMap<Digest, string>
      /** Where the parameters of its cells are written. */
      readonly originOf: OriginOf
      /** Where other things that its keys depend on are written. */
      readonly places: Places
      /** Checks that wait for what steps make, in the order of the steps. */
      readonly deferred: readonly Deferred[]
    }
  | { readonly ok: false; readonly problems: readonly Diagnostic[] }

/** A pipeline to a graph, or all that is wrong with it. Nothing is run; files are only read and hashed. */
export async function compile(request: CompileRequest): Promise<Compiled> {
  const { root, given } = request
  const workshop = openWorkshop(request)
  const { problems } = workshop
  const { instance, protos, build, wanted } = await buildAll(request, workshop, problem => {
    const { name, missing, message, fix } = problem
    const at = given.has(name) ? undefined : root.locate(['params', name], 'key')
    const usual = missing ? `give it: --set ${name}=…` : 'correct the value after --set (or in the --params file)'
    const code = missing ? 'missing-param' : 'bad-param'
    problems.addDiagnostics([{ code, message, ...(at && { at }), fix: fix ?? usual }])
  })
  if (problems.all.length > 0) return { ok: false, problems: sorted(workshop) }
  const { cells, steps, outputs } = prune(build, protos, graphOutputs(wanted, instance, build), workshop.registry)
  const grouped = groupCells(cells, steps, outputs)
  if (!grouped.ok) {
    for (const { step, message, fix } of grouped.problems) {
      const proto = protos.find(one => one.id === step)!
      const path = ['steps', proto.declaration.id]
      problems.add(proto.instance, path, { code: 'segment', message, fix, at: 'key' })
    }
    return { ok: false, problems: sorted(workshop) }
  }
  return {
    ok: true,
    graph: { name: root.name, path: root.path, steps: grouped.steps, groups: grouped.groups, outputs },
    recipes: build.recipes,
    originOf: originFinder(protos, given),
    places: placesOf(protos),
    deferred: workshop.deferred,
  }
}

/**
 * What can be said of a pipeline whose inputs, and maybe some parameters, are not bound (one that is used as a node):
 * everything that needs no values.
 */
export async function checkUnbound(request: CompileRequest): Promise<readonly Diagnostic[]> {
  const workshop = openWorkshop(request)
  await buildAll(request, workshop, ({ missing, message, fix }) => {
    if (!missing) workshop.problems.addDiagnostics([{ code: 'bad-param', message, ...(fix && { fix }) }])
  })
  return sorted(workshop)
}

function openWorkshop({ registry, surroundings, targets }: CompileRequest): Workshop {
  return { registry, surroundings, targets, problems: createProblems(), deferred: [], uses: { left: maxUses } }
}

async function buildAll(
  { root, given }: CompileRequest,
  workshop: Workshop,
  report: (problem: ParamProblem) => void,
): Promise<{
  readonly instance: Instance
  readonly protos: readonly ProtoStep[]
  readonly build: Build
  readonly wanted: readonly Wanted[]
}> {
  const instance = instantiate(root, given, workshop, report)
  const protos = protoSteps(instance)
  const wanted = wantedOutputs(instance, workshop)
  const build = createBuild()
  const readPath = createPathReader(workshop.surroundings)
  for (const step of topological(protos)) await addStep(step, build, readPath, workshop)
  return { instance, protos, build, wanted }
}

function sorted({ problems }: Workshop): readonly Diagnostic[] {
  return [...problems.all].sort(compareDiagnostics)
}
