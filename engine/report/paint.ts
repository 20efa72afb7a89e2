/** Colours as a parameter: text functions take a `Paint`, so that the same text goes to a terminal, a file or a test. */
export interface Paint {
  readonly bold: (text: string) => string
  readonly dim: (text: string) => string
  readonly good: (text: string) => string
  readonly bad: (text: string) => string
  readonly warn: (text: string) => string
}

const same = (text: string): string => text

export const noPaint: Paint = { bold: same, dim: same, good: same, bad: same, warn: same }

/** SGR sequences; empty text stays empty. */
export const terminalPaint: Paint = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  good: sgr(32, 39),
  bad: sgr(31, 39),
  warn: sgr(33, 39),
}

function sgr(on: number, off: number): (text: string) => string {
  return text => (text === '' ? '' : `\u001b[${on}m${text}\u001b[${off}m`)
}
