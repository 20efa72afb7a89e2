/** A place in a text as people and editors count: both from 1, columns in UTF-16 code units. */
export interface Position {
  readonly line: number
  readonly column: number
}

/** Start offset of every line; `\n` and `\r\n` end a line. */
export function lineStarts(text: string): readonly number[] {
  const starts = [0]
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) starts.push(at + 1)
  return starts
}

/** Line and column of an offset; offsets past the end count as the end. A byte order mark has no column. */
export function positionAt(text: string, starts: readonly number[], offset: number): Position {
  const clamped = Math.min(Math.max(offset, 0), text.length)
  let low = 0
  let high = starts.length - 1
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((starts[middle] as number) <= clamped) low = middle
    else high = middle - 1
  }
  const mark = low === 0 && clamped > 0 && text.startsWith('\uFEFF') ? 1 : 0
  return { line: low + 1, column: clamped - (starts[low] as number) - mark + 1 }
}

/** The text of a line (counted from 1), without its end and without a byte order mark. */
export function lineText(text: string, starts: readonly number[], line: number): string {
  const end = line < starts.length ? (starts[line] as number) - 1 : text.length
  const found = text.slice(starts[line - 1] as number, end).replace(/\r$/, '')
  return line === 1 ? found.replace(/^\uFEFF/, '') : found
}
