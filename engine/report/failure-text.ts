import type { Diagnostic } from '../base/diagnostic.ts'
import { counted } from './format.ts'
import { noPaint, type Paint } from './paint.ts'
import { printable } from './printable.ts'
import type { Failure } from './run-state.ts'

/** Where, what, why and what to try, as lines; the first one starts with `✖`. */
export function failureLines(failure: Failure, paint: Paint = noPaint): string[] {
  const where = failure.item === undefined ? failure.address : `${failure.address}  item ${failure.item}`
  return [`${paint.bad('✖')} ${paint.bold(printable(where))}`, ...problemLines(failure.problem, paint)]
}

/**
 * Failures of the same step with the same code are told once, with the first item, and counted: a missing library
 * fails ten thousand images in the same way. At most `limit` groups.
 */
export function failureDigest(
  failures: readonly Failure[],
  failureCount: number,
  paint: Paint,
  limit: number,
): string[] {
  const groups = new Map<string, Failure[]>()
  for (const failure of failures) {
    const key = `${failure.step}\n${failure.problem.code}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [failure])
    else group.push(failure)
  }
  const lines: string[] = []
  for (const group of [...groups.values()].slice(0, limit)) {
    const first = group[0]
    if (first === undefined) continue
    lines.push(...failureLines(first, paint))
    if (group.length > 1) lines.push(`  and ${alikeText(group)}`)
  }
  const hidden = Math.max(0, groups.size - limit)
  if (hidden > 0) lines.push(`… and ${counted(hidden, 'other kind')} of failure`)
  if (failureCount > failures.length) lines.push(`… and ${counted(failureCount - failures.length, 'later failure')}`)
  return lines
}

function alikeText(group: readonly Failure[]): string {
  const items = group.slice(1).map(failure => printable(failure.item ?? failure.address))
  const named = items.slice(0, 3).join(', ')
  return `${counted(items.length, 'more like it', 'more like it')}: ${named}${items.length > 3 ? ', …' : ''}`
}

function problemLines(problem: Diagnostic, paint: Paint): string[] {
  const lines = [`  ${printable(problem.message)} ${paint.dim(`[${problem.code}]`)}`]
  if (problem.at !== undefined) lines.push(`  ${paint.dim(`at ${printable(problem.at.file)}`)}`)
  for (const note of problem.notes ?? []) lines.push(`  ${paint.dim(`note: ${printable(note.message)}`)}`)
  if (problem.fix !== undefined) lines.push(`  ${paint.warn('try:')} ${printable(problem.fix)}`)
  return lines
}
