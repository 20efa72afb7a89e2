/**
 * Text that may hold anything (file names, messages of native libraries) made safe for one line of a terminal, and
 * measured in terminal cells.
 */

/** Line breaks become spaces, other control characters `?`: a file name cannot move the cursor or change colours. */
export function printable(text: string): string {
  if (PLAIN.test(text)) return text
  return text.replace(/[\n\r\t\u2028\u2029]+/g, ' ').replace(CONTROL, '?')
}

/** Terminal cells: East Asian wide characters and emoji take two, combining marks none. */
export function displayWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const character of text) width += cellsOf(character)
  return width
}

/** Exactly `width` cells: cut at the end with `…`, or padded on the side away from `align`. */
export function toWidth(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const cut = cutEnd(text, width)
  const padding = ' '.repeat(Math.max(0, width - displayWidth(cut)))
  return align === 'left' ? cut + padding : padding + cut
}

/** At most `width` cells; `…` stands for what is missing at the end. */
export function cutEnd(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  return width < 1 ? '' : `${takeCells([...text], width - 1)}…`
}

/** At most `width` cells; `…` stands for what is missing in the middle, so that `leaf/propose` keeps both ends. */
export function cutMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  if (width < 5) return cutEnd(text, width)
  const tail = [...takeCells([...text].reverse(), Math.ceil((width - 1) / 2))].reverse().join('')
  return `${takeCells([...text], width - 1 - displayWidth(tail))}…${tail}`
}

const PLAIN = /^[\x20-\x7e]*$/
const CONTROL = /[\p{Cc}\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu
const ZERO = /^(?:\p{Mn}|\p{Me}|\u200b|\u200c|\u200d)$/u
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u

function cellsOf(character: string): number {
  if (ZERO.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

function takeCells(characters: readonly string[], width: number): string {
  let used = 0
  let text = ''
  for (const character of characters) {
    used += cellsOf(character)
    if (used > width) break
    text += character
  }
  return text
}
