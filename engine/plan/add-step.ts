import { nearestName } from '../base/typo.ts'
import { type Alignment, alignInput, type Feed } from './align.ts'
import { addCell, type Build } from './cells.ts'
import { nodeParams } from './node-params.ts'
import { outputFacets } from './output-facets.ts'
import type { ReadPath } from './path-param.ts'
import { checkPorts } from './ports.ts'
import { suggest } from './problems.ts'
import type { ProtoStep, Workshop } from './proto.ts'
import { isFed, resolveSource } from './resolve-source.ts'
import { selectionFeeds, selectionsBefore } from './selections.ts'
import { blindScope } from './spread.ts'
import { stepFunctions } from './step-functions.ts'
import { checkFeeds, checkKinds } from './types.ts'

/**
 * Checks a step and adds its cells to the build. A mistake in one part of a step does not hide those in others: ports,
 * axes and parameters are looked at whatever the rest is like; only what follows from a mistake is left unsaid. A step
 * with a mistake, or fed by one, gets no cells.
 */
export async function addStep(step: ProtoStep, build: Build, readPath: ReadPath, workshop: Workshop): Promise<void> {
  const { problems } = workshop
  const facetsOf = (feed: Feed) => build.cells[build.indexOf.get(feed.step)?.[feed.cell] ?? -1]?.facets[feed.port] ?? {}
  const sound = checkPorts(step, workshop)
  checkFolds(step, workshop)
  const alignments = inputAlignments(step, workshop)
  const selecting = selectionFeeds(step, facetsOf, workshop)
  if (step.cells.length === 0) {
    const scope = blindScope(step.declaration, step.axes, step.instance.file)
    nodeParams(step, scope, undefined, readPath, problems)
  }
  const torn = new Set<string>()
  const indexes: number[] = []
  for (const [position, cell] of step.cells.entries()) {
    const written = alignments && new Map([...alignments].map(([port, alignment]) => [port, alignment(cell)]))
    const params = nodeParams(step, cell.scope, written, readPath, problems)
    const feeds = written && (params?.feeds ?? written)
    const selections = selecting?.(cell)
    if (!sound || feeds === undefined || selections === undefined) continue
    const sources = [...[...feeds.values()].flat(), ...selections.map(({ feed }) => feed)]
    // A step upstream that is itself in error has no cells to check against.
    if (sources.some(feed => !build.indexOf.has(feed.step))) continue
    for (const [port, list] of feeds) {
      if (torn.has(port) || checkFeeds(step, port, step.node.inputs[port]!, list, facetsOf, workshop)) continue
      torn.add(port)
    }
    if (params === undefined || torn.size > 0) continue
    const functions = await stepFunctions(step, params, feeds, facetsOf, readPath, workshop, addStep)
    if (functions === undefined) continue
    const { pipelines, whole } = functions
    const selectedBy = (port: string) => selectionsBefore(feeds.get(port) ?? [], build)
    const facets = await outputFacets(step, whole, feeds, facetsOf, workshop, { pipelines, selectedBy })
    if (facets === undefined) continue
    indexes.push(addCell(step, position, whole, feeds, selections, facets, facetsOf, build, workshop))
  }
  if (step.cells.length > 0 && indexes.length === step.cells.length) build.indexOf.set(step, indexes)
}

/** By port; undefined if one of them is in error or not known. */
function inputAlignments(step: ProtoStep, workshop: Workshop): ReadonlyMap<string, Alignment> | undefined {
  const alignments = new Map<string, Alignment>()
  let right = true
  for (const [port, binding] of step.declaration.in) {
    const definition = step.node.inputs[port]
    if (definition === undefined || !isFed(step, port)) continue
    const fit = checkKinds(step, port, definition, binding, workshop)
    const alignment = alignInput(step, port, binding, workshop.problems)
    if (alignment !== undefined) alignments.set(port, alignment)
    right &&= fit && alignment !== undefined
  }
  return right ? alignments : undefined
}

/** Every axis under `over:` must exist somewhere and not be an axis of the step itself. */
function checkFolds(step: ProtoStep, { problems }: Workshop): void {
  const { declaration, instance } = step
  const written = [...declaration.in.values()].flatMap(binding => binding.sources)
  const sources = written.map(source => resolveSource(instance, source))
  const offered = [...new Set(sources.flatMap(list => (list ?? []).flatMap(source => source.step.axes)))]
  const allKnown = step.known && sources.every(list => list?.every(source => source.step.known))
  declaration.over.forEach((axis, i) => {
    const path = ['steps', declaration.id, 'over', i]
    if (step.axes.includes(axis)) {
      problems.add(instance, path, {
        code: 'bad-axis',
        message: `\`${axis}\` is an axis of \`${step.id}\` itself, so it cannot be folded there`,
        fix: 'take it out of `over:` or out of the matrix',
      })
    } else if (!offered.includes(axis) && allKnown) {
      const known = offered.length === 0 ? 'its inputs have no axes' : `axes of its inputs: ${offered.join(', ')}`
      problems.add(instance, path, {
        code: 'unknown-axis',
        message: `no input of \`${step.id}\` has an axis \`${axis}\``,
        fix: suggest(nearestName(axis, offered), []) ?? known,
      })
    }
  })
}
