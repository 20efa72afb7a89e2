/** First in, first out, without moving what is left (`shift` on 100,000 entries would be quadratic). */
export interface Queue {
  readonly push: (entry: number) => void
  readonly take: () => number
  readonly size: () => number
}

export function createQueue(): Queue {
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
