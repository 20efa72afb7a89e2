import { createReadStream } from 'node:fs'

export interface TextLine {
  /** 1-based. */
  readonly number: number
  /** Without its line end (LF or CRLF) and, in the first line, without a byte order mark. */
  readonly text: string
}

/** Lines of a UTF-8 file, one in memory at a time; a last line without line end counts, an empty one does not. */
export async function* readLines(path: string): AsyncGenerator<TextLine> {
  let rest: Buffer[] = []
  let number = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    let from = 0
    for (;;) {
      const end = chunk.indexOf(0x0a, from)
      if (end < 0) break
      const last = chunk.subarray(from, end)
      const line = rest.length === 0 ? last : Buffer.concat([...rest, last])
      rest = []
      from = end + 1
      number++
      yield { number, text: lineText(line, number) }
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (rest.length > 0) yield { number: number + 1, text: lineText(Buffer.concat(rest), number + 1) }
}

function lineText(bytes: Buffer, number: number): string {
  const end = bytes.at(-1) === 0x0d ? bytes.length - 1 : bytes.length
  const text = bytes.toString('utf8', 0, end)
  return number === 1 && text.startsWith('\uFEFF') ? text.slice(1) : text
}
