import { nearestName } from '../base/typo.ts'
import type { InputBinding } from '../contract/pipeline.ts'
import { compareCoordinates } from './axes.ts'
import { type Problem, type Problems, suggest, suggestId } from './problems.ts'
import { type ProtoCell, type ProtoStep, type Source, selects } from './proto.ts'
import { resolveSource } from './resolve-source.ts'

/** A cell of another step that feeds a port. */
export interface Feed {
  readonly step: ProtoStep
  readonly cell: number
  readonly port: string
}

/** The feeds of a port for each cell of a step. */
export type Alignment = (cell: ProtoCell) => readonly Feed[]

/**
 * The cells that feed one port, by coordinates: an axis both steps have is aligned, an axis under `over:` is folded
 * (canonical order), an axis the input lacks is broadcast, an axis pinned to one id by `where:` is gone. Anything else is
 * reported and gives undefined, as do sources that are in error themselves.
 */
export function alignInput(
  step: ProtoStep,
  port: string,
  binding: InputBinding,
  problems: Problems,
): Alignment | undefined {
  const alignments = binding.sources.flatMap(written => {
    const what = `\`${written.from}\` (input \`${port}\` of \`${step.id}\`)`
    const report = (complaint: Problem) => problems.add(step.instance, written.path, complaint)
    const sources: readonly (Source | undefined)[] = resolveSource(step.instance, written) ?? [undefined]
    return sources.map(source => source && alignSource(step, source, what, problems, report))
  })
  if (alignments.includes(undefined)) return undefined
  return cell => alignments.flatMap(alignment => alignment!(cell))
}

/** The cells of one source that feed the cells of a step; undefined if something is wrong or not known. */
export function alignSource(
  step: ProtoStep,
  source: Source,
  what: string,
  problems: Problems,
  report: (complaint: Problem) => void,
): Alignment | undefined {
  if (!source.step.known || !checkConditions(source, problems) || !step.known) return undefined
  const open = openAxis(step, source)
  if (open !== undefined) {
    report(open)
    return undefined
  }
  const feeding = feedingCells(step, source)
  const unfed = step.cells.filter(cell => feeding(cell).length === 0)
  if (unfed.length === 0) return feeding
  const shown = unfed.slice(0, 3).map(cell => step.axes.map(axis => `${axis}=${cell.ids[axis]}`).join(', '))
  const more = unfed.length > shown.length ? ` and ${unfed.length - shown.length} more` : ''
  report({
    code: 'no-cells',
    message: `${what} has no cell${step.axes.length === 0 ? '' : ` for ${shown.join('; ')}${more}`}${source.where.length > 0 ? ' that matches `where`' : ''}`,
    fix: `\`${source.step.id}\` has ${cellsText(source.step)}`,
  })
  return undefined
}

/** Every axis and id that the conditions on the way to a source name must be there. */
export function checkConditions({ step, where }: Source, problems: Problems): boolean {
  let right = true
  for (const { condition, place, path } of where) {
    for (const [axis, ids] of Object.entries(condition)) {
      const exists = step.axes.includes(axis)
      const known = [...new Set(step.cells.map(cell => cell.ids[axis] ?? ''))].sort()
      const missing = exists ? ids.filter(id => !known.includes(id)) : []
      if (!exists) {
        problems.add(place, [...path, axis], {
          code: 'unknown-axis',
          message: `\`where\` names the axis \`${axis}\`, but \`${step.id}\` has ${axesText(step)}`,
          at: 'key',
          fix: suggest(nearestName(axis, step.axes), []) ?? 'remove it',
        })
      }
      for (const id of missing) {
        problems.add(place, [...path, axis], {
          code: 'no-cells',
          message: `\`where\` asks for ${axis}=${id}, which \`${step.id}\` does not have`,
          fix: suggestId(id, known),
        })
      }
      right &&= exists && missing.length === 0
    }
  }
  return right
}

/** Looks up by the aligned coordinates: as many look-ups as cells, however many cells the source has. */
function feedingCells(step: ProtoStep, source: Source): Alignment {
  const { over } = step.declaration
  const aligned = source.step.axes.filter(axis => step.axes.includes(axis) && !over.includes(axis))
  const keyOf = (cell: ProtoCell) => JSON.stringify(aligned.map(axis => cell.ids[axis]))
  const feeds = new Map<string, Feed[]>()
  const ordered = [...source.step.cells.entries()]
    .filter(([, cell]) => selects(source, cell))
    .sort(([, a], [, b]) => compareCoordinates(source.step.axes, a.ids, b.ids))
  for (const [index, cell] of ordered) {
    const feed = { step: source.step, cell: index, port: source.port }
    const list = feeds.get(keyOf(cell))
    if (list === undefined) feeds.set(keyOf(cell), [feed])
    else list.push(feed)
  }
  return cell => feeds.get(keyOf(cell)) ?? []
}

/** An axis of the input that is neither aligned, folded nor pinned. */
function openAxis(step: ProtoStep, source: Source): Problem | undefined {
  const selected = source.step.cells.filter(cell => selects(source, cell))
  for (const axis of source.step.axes) {
    if (step.axes.includes(axis) || step.declaration.over.includes(axis)) continue
    if (new Set(selected.map(cell => cell.ids[axis])).size <= 1) continue
    const over = [...step.declaration.over, axis].join(', ')
    return {
      code: 'open-axis',
      message: `\`${source.step.id}\` has the axis \`${axis}\`, which \`${step.id}\` neither has nor folds`,
      fix: `write \`over: [${over}]\` to fold it, \`matrix: ${source.step.declaration.id}\` to keep it, or \`where: { ${axis}: … }\` to pick one`,
    }
  }
  return undefined
}

function axesText({ axes }: ProtoStep): string {
  return axes.length === 0 ? 'no axes' : `the ${axes.length === 1 ? 'axis' : 'axes'} ${axes.join(', ')}`
}

function cellsText(step: ProtoStep): string {
  const ids = (axis: string) => [...new Set(step.cells.map(cell => cell.ids[axis]))].sort().join(' ')
  return step.axes.length === 0 ? 'one cell' : step.axes.map(axis => `${axis}: ${ids(axis)}`).join('; ')
}
