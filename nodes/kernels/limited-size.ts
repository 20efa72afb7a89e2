/**
 * [height, width] with no side longer than `longerPx`: the longer one becomes that, the other one is rounded down, at
 * least 1. A picture that fits keeps its size. yu4u's Open Images code, which by a slip leaves squares as they are.
 */
export function limitedHw(sizeHw: readonly [number, number], longerPx: number): readonly [number, number] {
  const [height, width] = sizeHw
  const longer = Math.max(height, width)
  if (longer <= longerPx) return sizeHw
  const shorterPx = Math.max(1, Math.floor((longerPx * Math.min(height, width)) / longer))
  if (height === width) return [longerPx, longerPx]
  return height > width ? [longerPx, shorterPx] : [shorterPx, longerPx]
}
