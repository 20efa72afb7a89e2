import { Lexer } from 'yaml'
import type { Range } from './tree.ts'

/** Zero-width marks of the lexer: start of a document, end of a broken flow collection, start of a scalar. */
const marks = new Set(['\u0002', '\u0018', '\u001F'])

/** The last `[` or `{` before an offset that is still open there: errors of YAML name only the place where it gave up. */
export function openBracket(text: string, offset: number): Range | undefined {
  const open: number[] = []
  for (const { lexeme, start } of lexemes(text)) {
    if (start >= offset) break
    if (lexeme === '[' || lexeme === '{') open.push(start)
    else if (lexeme === ']' || lexeme === '}') open.pop()
  }
  const start = open.at(-1)
  return start === undefined ? undefined : { start, end: start + 1 }
}

/** Start of the last quoted text that begins with this quote. */
export function lastQuote(text: string, quote: string): Range | undefined {
  let found: Range | undefined
  for (const { lexeme, start } of lexemes(text)) if (lexeme.startsWith(quote)) found = { start, end: start + 1 }
  return found
}

function* lexemes(text: string): Iterable<{ readonly lexeme: string; readonly start: number }> {
  let start = 0
  for (const lexeme of new Lexer().lex(text)) {
    if (marks.has(lexeme)) continue
    yield { lexeme, start }
    start += lexeme.length
  }
}
