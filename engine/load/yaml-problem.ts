import type { YAMLError } from 'yaml'
import type { Code } from '../base/codes.ts'
import type { Diagnostic, Span } from '../base/diagnostic.ts'
import { lastQuote, openBracket } from './opening.ts'
import type { Range } from './tree.ts'

interface Words {
  /** Default: `syntax`. */
  readonly code?: Code
  readonly message: string
  readonly fix?: string
  /** A better place than where YAML gave up. */
  readonly range?: Range | undefined
}

/**
 * The yaml package's syntax errors in our words. One slip makes it report everything after it on the line, and what it
 * can no longer attach to the document, as well: only the first error of a line is kept, and nothing of the latter kind. After a
 * tab that indents no line has the indentation it should have, so those that complain of theirs are left out.
 */
export function yamlProblems(errors: readonly YAMLError[], text: string, file: string): readonly Diagnostic[] {
  const sorted = [...errors].sort((a, b) => a.pos[0] - b.pos[0])
  const problems: Diagnostic[] = []
  let reportedTo = -1
  let tabbed = false
  for (const error of sorted) {
    if (error.pos[0] < reportedTo) continue
    if (problems.length > 0 && error.message.includes('token in YAML stream')) continue
    if (tabbed && error.code === 'BAD_INDENT' && !error.message.startsWith('Flow')) continue
    tabbed ||= error.code === 'TAB_AS_INDENT'
    const problem = yamlProblem(error, text, file)
    problems.push(problem)
    const lineEnd = text.indexOf('\n', Math.max(error.pos[0], problem.at?.end ?? 0))
    reportedTo = lineEnd === -1 ? text.length + 1 : lineEnd + 1
    if (error.code === 'RESOURCE_EXHAUSTION') break
  }
  return problems
}

function yamlProblem(error: YAMLError, text: string, file: string): Diagnostic {
  const start = Math.min(error.pos[0], text.length)
  const at = { file, start, end: Math.min(Math.max(error.pos[1], start + 1), text.length) }
  const reference = openReference(text, at)
  if (reference !== undefined) return reference
  const { range, ...words } = wordsFor(error, text, start)
  return { code: 'syntax', ...words, at: { ...at, ...range } }
}

/** `{ model: ${params.model }`: inside braces or brackets YAML takes `{` for the start of a map. */
function openReference(text: string, at: Span): Diagnostic | undefined {
  if (text[at.start] !== '{' || text[at.start - 1] !== '$') return undefined
  return {
    code: 'syntax',
    message: 'a reference is not closed, or holds more than a name',
    at: { file: at.file, start: at.start - 1, end: at.end },
    fix: 'write it as "${params.name}", in quotes',
  }
}

function wordsFor(error: YAMLError, text: string, start: number): Words {
  switch (error.code) {
    case 'BLOCK_AS_IMPLICIT_KEY':
      return secondColon(text, start)
    case 'TAB_AS_INDENT':
      return { message: 'a tab cannot indent', fix: 'indent with spaces' }
    case 'BAD_INDENT':
      return error.message.startsWith('Flow')
        ? unclosedBracket(text, start)
        : {
            message: 'this line is indented like none of the lines it could belong to',
            fix: 'start it in the same column as its neighbours',
          }
    case 'MISSING_CHAR':
      return missingCharacter(error, text)
    case 'BAD_SCALAR_START':
      return { message: `plain text cannot start with \`${text[start] ?? ''}\``, fix: 'put it in quotes' }
    case 'MULTILINE_IMPLICIT_KEY':
      return {
        message: 'expected `key: value`, found a line without `: `',
        fix: 'write a colon and a space after the key',
      }
    case 'BLOCK_IN_FLOW':
      return {
        message: 'inside `{ }` or `[ ]` entries are separated by commas, not by lines',
        fix: 'add the comma',
      }
    case 'BAD_DQ_ESCAPE':
      return {
        message: `\`${text.slice(start, start + 2)}\` is no escape in double quotes`,
        fix: 'use single quotes, or write `\\\\` for a backslash',
      }
    case 'MULTIPLE_DOCS':
      return {
        message: 'a second document starts here; a pipeline file holds one',
        fix: 'remove the `---`, or move what follows to a file of its own',
      }
    case 'ALIAS_PROPS':
    case 'BAD_ALIAS':
      return {
        message: 'an alias (`*name`) stands alone, without anchor or tag, and has a name',
        fix: 'if it is text, put it in quotes',
      }
    case 'KEY_OVER_1024_CHARS':
      return { message: 'this key is longer than 1,024 characters', fix: 'check for a missing line break' }
    case 'RESOURCE_EXHAUSTION':
      return { code: 'too-large', message: 'the file is nested too deeply', fix: 'check for stray `[` and `{`' }
    case 'UNEXPECTED_TOKEN':
      return unexpected(error, text, start)
    default:
      return { message: `this is not valid YAML: ${error.message.replace(/^./, first => first.toLowerCase())}` }
  }
}

function secondColon(text: string, start: number): Words {
  const [line = '', next = ''] = text.slice(start).split(/\r?\n/, 2)
  if (/:(?:\s|$)/.test(line)) {
    return {
      message: 'this line has a second `: ` in it',
      fix: 'put the text after the first `: ` in quotes, or begin a new line',
    }
  }
  return {
    message: 'the line below is indented more, so YAML reads it as part of this text',
    fix: `start \`${/^\s*([^:]*)/.exec(next)?.[1] ?? ''}:\` in the column of its neighbours`,
  }
}

function unclosedBracket(text: string, start: number): Words {
  const range = openBracket(text, start)
  const shown = range === undefined ? 'a bracket before this line' : `this \`${text[range.start]}\``
  return { message: `${shown} is never closed`, fix: 'close it, or indent the lines that continue it', range }
}

function missingCharacter(error: YAMLError, text: string): Words {
  const quote = /closing (["'])quote/.exec(error.message)?.[1]
  if (quote !== undefined)
    return {
      message: `this ${quote} is never closed`,
      fix: `add the closing ${quote}`,
      range: lastQuote(text, quote),
    }
  if (error.message.includes('end with')) return unclosedBracket(text, error.pos[0])
  if (error.message.includes('flow')) {
    return {
      message: 'a comma or a closing bracket is missing before this',
      fix: 'separate the entries with commas; close every `{` and `[`',
    }
  }
  if (error.message.includes('space'))
    return { message: 'a space is missing here', fix: 'write a space after `:` and `,`' }
  return { message: 'a key here has no `: ` after it', fix: 'write a colon and a space after the key' }
}

function unexpected(error: YAMLError, text: string, start: number): Words {
  const found = text[start] ?? ''
  if (error.message.includes('block-seq-ind')) {
    return {
      message: 'a list cannot start on the line of its key',
      fix: 'put `- …` on a new line, or write `[…]`',
    }
  }
  if (found === ',')
    return {
      message: 'this comma has nothing before it, or stands outside of `{ }` and `[ ]`',
      fix: 'remove it',
    }
  if (found === '}' || found === ']')
    return { message: `this \`${found}\` closes nothing`, fix: 'remove it, or add the opening bracket' }
  return {
    message: `\`${found.trim() === '' ? 'the end of the line' : found}\` was not expected here`,
    fix: 'if it belongs to the text before it, put the whole text in quotes',
  }
}
