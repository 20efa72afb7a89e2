import type { Closable } from '../../engine/contract/node.ts'

/** Lets one after the other: a worker takes several tasks at once, and programs are not made for waiting in between. */
export interface Turns extends Closable {
  readonly take: <T>(work: () => Promise<T>) => Promise<T>
}

export async function openTurns(): Promise<Turns> {
  let last: Promise<unknown> = Promise.resolve()
  return {
    take: work => {
      const turn = last.then(work)
      last = turn.catch(() => {})
      return turn
    },
    close: async () => void (await last),
  }
}
