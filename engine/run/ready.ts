import type { Lane } from '../contract/node.ts'
import type { Executor } from './executor.ts'
import type { GroupState } from './state.ts'

/** Units that could start, by group, and how many are under way in each lane. */
export interface Lanes {
  readonly push: (group: GroupState, item: number) => void
  /** The next unit whose lane has room, of the latest group that has one; undefined if none. */
  readonly take: () => { readonly group: GroupState; readonly item: number } | undefined
  readonly begin: (lane: Lane) => void
  readonly end: (lane: Lane) => void
  readonly queued: (lane: Lane) => number
  /** Nothing is under way. */
  readonly quiet: () => boolean
  readonly empty: () => boolean
}

export function createLanes(groups: readonly GroupState[], executor: Pick<Executor, 'capacity'>): Lanes {
  const queues = groups.map(createQueue)
  const inFlight: Record<Lane, number> = { gpu: 0, cpu: 0, io: 0 }
  return {
    push: (group, item) => queues[group.group.index]!.push(item),
    take() {
      for (let index = groups.length - 1; index >= 0; index--) {
        const group = groups[index]!
        const { lane } = group.group
        if (queues[index]!.size() > 0 && inFlight[lane] < executor.capacity(lane)) {
          return { group, item: queues[index]!.take() }
        }
      }
      return undefined
    },
    begin: lane => {
      inFlight[lane]++
    },
    end: lane => {
      inFlight[lane]--
    },
    queued: lane => groups.reduce((sum, { group }) => sum + (group.lane === lane ? queues[group.index]!.size() : 0), 0),
    quiet: () => inFlight.gpu + inFlight.cpu + inFlight.io === 0,
    empty: () => queues.every(queue => queue.size() === 0),
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
