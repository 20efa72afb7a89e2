import { rmSync } from 'node:fs'
import { sha256 } from '../base/digest.ts'
import type { AuditResult } from '../contract/event.ts'
import type { Lane } from '../contract/node.ts'
import type { Executor } from './executor.ts'
import { endingOf } from './ledger.ts'
import type { Narrator } from './narrate.ts'
import { type GroupState, isWhole, type RunState } from './state.ts'
import type { TaskOutcome, Unit, WireGroup } from './wire.ts'

export interface AuditOptions {
  /** Of the hits, in (0, 1]; at least one is taken if there is any. */
  readonly share: number
  /** Equal seeds choose equal hits: the id of the run. */
  readonly seed: string
  readonly executor: Executor
  readonly narrator: Narrator
  readonly unitOf: (group: GroupState, item: number) => Unit | undefined
  readonly stopped: () => boolean
}

interface Pick {
  readonly group: GroupState
  readonly item: number
}

/**
 * Computes some of what a run found in the cache once more and compares digests. Nothing of it is stored: a key keeps
 * its first result. What cannot be computed any more (an input is lost, a file changed) is said and does not count.
 */
export async function auditHits(state: RunState, options: AuditOptions): Promise<AuditResult> {
  const { narrator } = options
  const picks = pickHits(state, options.share, options.seed)
  const result = { audited: 0, different: 0, nodes: new Set<string>() }
  const lanes = new Map<Lane, Pick[]>()
  for (const pick of picks) {
    const { lane } = pick.group.group
    lanes.set(lane, [...(lanes.get(lane) ?? []), pick])
  }
  await Promise.all(
    [...lanes].flatMap(([lane, queue]) =>
      Array.from({ length: options.executor.capacity(lane, queue[0]!.group.group.index) }, async () => {
        for (let pick = queue.shift(); pick !== undefined && !options.stopped(); pick = queue.shift()) {
          const outcomes = await computeAgain(pick, options)
          result.audited += outcomes.length
          result.different += outcomes.filter(outcome => outcome.unstable.length > 0).length
          for (const node of tellDifferences(pick, outcomes, narrator)) result.nodes.add(node)
        }
      }),
    ),
  )
  const { audited, different } = result
  const nodes = [...result.nodes].sort()
  narrator.remark(undefined, undefined, auditText({ audited, different, nodes }))
  return { audited, different, nodes }
}

/** "audited 12 hits: all equal" */
function auditText({ audited, different, nodes }: AuditResult): string {
  if (audited === 0) return 'audited nothing: no hit could be computed again'
  const hits = `audited ${audited} ${audited === 1 ? 'hit' : 'hits'}`
  if (different === 0) return `${hits}: all equal`
  return `${hits}: ${different} came out different; not deterministic: ${nodes.join(', ')}`
}

/** Items (or whole cells) of which every task was a hit, the same ones for the same seed. */
function pickHits(state: RunState, share: number, seed: string): readonly Pick[] {
  const picks: Pick[] = []
  let nearest: { readonly pick: Pick; readonly rank: number } | undefined
  for (const group of state.groups) {
    for (let item = 0; item < group.announced; item++) {
      if (group.wire.tasks.some((_, task) => endingOf(group, task, item) !== 'hit')) continue
      const rank = Number.parseInt(sha256(`${seed}\n${group.group.index}\n${item}`).slice(0, 12), 16) / 2 ** 48
      if (rank < share) picks.push({ group, item })
      if (nearest === undefined || rank < nearest.rank) nearest = { pick: { group, item }, rank }
    }
  }
  return picks.length > 0 || nearest === undefined ? picks : [nearest.pick]
}

/** Outcomes of its tasks; none if that was not possible. */
async function computeAgain({ group, item }: Pick, options: AuditOptions): Promise<readonly TaskOutcome[]> {
  const { executor, narrator } = options
  const unit = options.unitOf(group, item)
  if (unit === undefined) return []
  const outcomes: TaskOutcome[] = []
  const span = narrator.unit(group, unit)
  const giveUp = (why: string) => {
    narrator.note(group, 0, unit.item, `could not be audited: ${why}`)
    return []
  }
  try {
    const forced = group.wire.tasks.map((_, task) => task)
    const result = await executor.submit(
      group.group.lane,
      group.wire,
      { ...unit, forced },
      {
        started: span.started,
        note: () => {},
        retried: () => {},
        outcome: async outcome => {
          discard(outcome)
          if (!outcome.partial && outcome.rebuilt) outcomes.push(outcome)
        },
      },
    )
    if (result.lost !== undefined) return giveUp('a value it reads is not in the cache any more')
    if (result.failures[0] !== undefined) return giveUp(result.failures[0].problem.message)
    return outcomes
  } catch (error) {
    return giveUp(error instanceof Error ? error.message : String(error))
  } finally {
    span.finished()
  }
}

function discard({ blobs }: TaskOutcome): void {
  for (const { content } of blobs) if (!(content instanceof Uint8Array)) rmSync(content.scratchPath, { force: true })
}

/**
 * Says which tasks are to blame: those that differ although nothing before them in the unit does.
 * @returns names of their nodes.
 */
function tellDifferences(
  { group, item }: Pick,
  outcomes: readonly TaskOutcome[],
  narrator: Narrator,
): readonly string[] {
  const unstable = new Map(
    outcomes.flatMap(one => (one.unstable.length > 0 ? [[one.task, one.unstable] as const] : [])),
  )
  const nodes: string[] = []
  for (const [task, ports] of unstable) {
    const before = ancestorsOf(group.wire, task)
    if (before.some(one => unstable.has(one))) continue
    const { node } = group.wire.tasks[task]!
    // What is never stored cannot be compared: the difference may come from there.
    const unseen = before.filter(one => group.wire.tasks[one]!.outputs.some(output => output.persist === 'transient'))
    const suspects = [...new Set(unseen.map(one => group.wire.tasks[one]!.node))]
    const or = suspects.length === 0 ? '' : ` (or ${suspects.join(', ')}, whose values it reads)`
    const id = isWhole(group) ? undefined : group.ids[item]
    narrator.note(group, task, id, `${node}${or} is not deterministic: ${ports.join(', ')} came out different`)
    nodes.push(node, ...suspects)
  }
  return nodes
}

function ancestorsOf(group: WireGroup, task: number): readonly number[] {
  const found = new Set<number>()
  const open = [task]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    for (const source of group.tasks[at]!.inputs.flatMap(input => input.sources)) {
      if ('external' in source || found.has(source.task)) continue
      found.add(source.task)
      open.push(source.task)
    }
  }
  return [...found]
}
