import type { InputBinding } from '../contract/pipeline.ts'
import { compareCoordinates, matches } from './axes.ts'
import { type ProtoCell, type ProtoStep, resolveSource, type Source } from './instantiate.ts'
import type { Problem, Problems } from './problems.ts'

/** A cell of another step that feeds a port. */
export interface Feed {
  readonly step: ProtoStep
  readonly cell: number
  readonly port: string
}

/**
 * The cells that feed one port of one cell, by coordinates: an axis both steps have is aligned, an axis under `over:`
 * is folded (canonical order), an axis the input lacks is broadcast, an axis pinned to one id by `where:` is gone.
 * Anything else is reported and gives undefined.
 */
export function alignInput(
  step: ProtoStep,
  cell: ProtoCell,
  port: string,
  binding: InputBinding,
  problems: Problems,
): readonly Feed[] | undefined {
  const { file } = step.instance
  const feeds: Feed[] = []
  for (const written of binding.sources) {
    for (const source of resolveSource(step.instance, written)) {
      const what = `\`${written.from}\` (input \`${port}\` of \`${step.id}\`)`
      const found = alignSource(step, cell, source, what)
      if ('code' in found) {
        problems.add(file, written.path, found)
        return undefined
      }
      feeds.push(...found)
    }
  }
  return feeds
}

/** The cells of one source that feed a cell, or what is wrong. */
export function alignSource(step: ProtoStep, cell: ProtoCell, source: Source, what: string): readonly Feed[] | Problem {
  const complaint = misalignment(step, source)
  if (complaint !== undefined) return complaint
  const found = feedingCells(step, cell, source)
  if (found.length > 0) return found
  const at = step.axes.map(axis => `${axis}=${cell.ids[axis]}`).join(', ')
  return {
    code: 'no-cells',
    message: `${what} has no cell for ${at || 'this step'}${source.where.length > 0 ? ' that matches `where`' : ''}`,
    fix: `\`${source.step.id}\` has ${cellsText(source.step)}`,
  }
}

function feedingCells(step: ProtoStep, cell: ProtoCell, source: Source): readonly Feed[] {
  const over = step.declaration.over
  const indexed = source.step.cells.map((other, index) => ({ other, index }))
  return indexed
    .filter(({ other }) => matches(other.ids, source.where))
    .filter(({ other }) =>
      source.step.axes.every(
        axis => over.includes(axis) || !step.axes.includes(axis) || other.ids[axis] === cell.ids[axis],
      ),
    )
    .sort((a, b) => compareCoordinates(source.step.axes, a.other.ids, b.other.ids))
    .map(({ index }) => ({ step: source.step, cell: index, port: source.port }))
}

/** An axis of the input that is neither aligned, folded nor pinned. */
function misalignment(step: ProtoStep, source: Source): Problem | undefined {
  const selected = source.step.cells.filter(other => matches(other.ids, source.where))
  for (const condition of source.where) {
    const unknown = Object.keys(condition).find(axis => !source.step.axes.includes(axis))
    if (unknown !== undefined) {
      return {
        code: 'bad-axis',
        message: `\`where\` names the axis \`${unknown}\`, but \`${source.step.id}\` has ${axesText(source.step)}`,
      }
    }
    for (const [axis, ids] of Object.entries(condition)) {
      const known = new Set(source.step.cells.map(other => other.ids[axis]))
      const missing = ids.find(id => !known.has(id))
      if (missing === undefined) continue
      return {
        code: 'bad-axis',
        message: `\`where\` asks for ${axis}=${missing}, which \`${source.step.id}\` does not have`,
        fix: `ids of \`${axis}\`: ${[...known].join(', ')}`,
      }
    }
  }
  for (const axis of source.step.axes) {
    if (step.axes.includes(axis) || step.declaration.over.includes(axis)) continue
    if (new Set(selected.map(other => other.ids[axis])).size <= 1) continue
    return {
      code: 'open-axis',
      message: `\`${source.step.id}\` has the axis \`${axis}\`, which \`${step.id}\` neither has nor folds`,
      fix: `add \`over: [${axis}]\` to fold it, \`matrix: ${source.step.declaration.id}\` to keep it, or \`where: { ${axis}: … }\` to pick one`,
    }
  }
  return undefined
}

function axesText(step: ProtoStep): string {
  return step.axes.length === 0 ? 'no axes' : `the axes ${step.axes.join(', ')}`
}

function cellsText(step: ProtoStep): string {
  return step.axes.length === 0
    ? 'one cell'
    : step.axes.map(axis => `${axis}: ${[...new Set(step.cells.map(cell => cell.ids[axis]))].join(' ')}`).join('; ')
}
