/** Room for the transient values of all units in one worker. */
export interface Room {
  readonly take: (bytes: number) => void
  readonly free: (bytes: number) => void
  /** More is held than there is room for. */
  readonly isOver: () => boolean
}

export function createRoom(limitBytes: number): Room {
  let heldBytes = 0
  return {
    take: bytes => {
      heldBytes += bytes
    },
    free: bytes => {
      heldBytes -= bytes
    },
    isOver: () => heldBytes > limitBytes,
  }
}
