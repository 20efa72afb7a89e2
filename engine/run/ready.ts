import type { Lane } from '../contract/node.ts'
import type { Executor } from './executor.ts'
import type { GroupState } from './state.ts'

/** Units that could start, by group, and how many are under way in each lane. */
export interface Lanes {
  readonly push: (group: GroupState, item: number) => void
  /** The next unit whose lane has room, of the latest group that has one; undefined if none. */
  readonly take: () => { readonly group: GroupState; readonly item: number } | undefined
  readonly begin: (lane: Lane) => void
  /** Its worker is done with a unit: the lane has room for the next one while outcomes are on their way to the store. */
  readonly answer: (lane: Lane) => void
  /** After `answer`: everything of a unit is stored. */
  readonly end: () => void
  /** Pushes it again after a while, behind the others: somebody else works on it. */
  readonly postpone: (group: GroupState, item: number) => void
  readonly queued: (lane: Lane) => number
  /** Nothing is under way, neither with a worker nor to the store. */
  readonly quiet: () => boolean
  /** Nothing could start, now or after a while. */
  readonly empty: () => boolean
  /** Postponed units stay away. */
  readonly close: () => void
}

/** More units than this on their way to the store: the disk is slower than the workers, which then wait. */
const mostStoring = 1000

/** Postponed units come up again after a time between these; it grows as long as none of them gets further. */
const shortestWaitMs = 50
const longestWaitMs = 1000

/** @param wake called when postponed units are back. */
export function createLanes(
  groups: readonly GroupState[],
  executor: Pick<Executor, 'capacity'>,
  wake: () => void,
): Lanes {
  let postponed: { readonly group: GroupState; readonly item: number }[] = []
  let postponedBefore = 0
  let waitMs = shortestWaitMs
  let timer: NodeJS.Timeout | undefined

  function bringBack(): void {
    timer = undefined
    const back = postponed
    waitMs = back.length < postponedBefore ? shortestWaitMs : Math.min(longestWaitMs, waitMs * 1.5)
    postponedBefore = back.length
    postponed = []
    for (const { group, item } of back) queues[group.group.index]!.push(item)
    wake()
  }

  const queues = groups.map(createQueue)
  const inFlight: Record<Lane, number> = { gpu: 0, cpu: 0, io: 0 }
  /** Units that are with no worker any more and not stored yet. */
  let storing = 0
  return {
    push: (group, item) => queues[group.group.index]!.push(item),
    take() {
      for (let index = groups.length - 1; index >= 0; index--) {
        const group = groups[index]!
        const { lane } = group.group
        if (queues[index]!.size() > 0 && inFlight[lane] < executor.capacity(lane, index) && storing < mostStoring) {
          return { group, item: queues[index]!.take() }
        }
      }
      return undefined
    },
    begin: lane => {
      inFlight[lane]++
    },
    answer: lane => {
      inFlight[lane]--
      storing++
    },
    end: () => {
      storing--
    },
    postpone(group, item) {
      postponed.push({ group, item })
      timer ??= setTimeout(bringBack, waitMs)
    },
    queued: lane => groups.reduce((sum, { group }) => sum + (group.lane === lane ? queues[group.index]!.size() : 0), 0),
    quiet: () => inFlight.gpu + inFlight.cpu + inFlight.io + storing === 0,
    empty: () => postponed.length === 0 && queues.every(queue => queue.size() === 0),
    close: () => clearTimeout(timer),
  }
}

interface Queue {
  readonly push: (entry: number) => void
  readonly take: () => number
  readonly size: () => number
}

/** First in, first out, without moving what is left (`shift` on 100,000 entries would be quadratic). */
function createQueue(): Queue {
  let entries: number[] = []
  let head = 0
  return {
    push: entry => void entries.push(entry),
    take() {
      const entry = entries[head++]
      if (entry === undefined) throw new Error('internal: took from an empty queue')
      if (head > 1024 && head * 2 > entries.length) {
        entries = entries.slice(head)
        head = 0
      }
      return entry
    },
    size: () => entries.length - head,
  }
}
