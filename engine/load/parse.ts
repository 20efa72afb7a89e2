import { parseDocument } from 'yaml'
import type { Diagnostic } from '../base/diagnostic.ts'
import { quoteName } from '../base/words.ts'
import { maskReferences, unmaskReferences } from './reference-mask.ts'
import { type Tree, unreadableTree } from './tree.ts'
import { buildTree } from './tree-builder.ts'
import { yamlProblems } from './yaml-problem.ts'

export interface Parsed {
  readonly tree: Tree
  readonly problems: readonly Diagnostic[]
}

const maxBytes = 1_048_576

/**
 * Reads YAML 1.2 (core schema, merge keys) into a tree with places. Refused, beside broken syntax: files over 1 MiB,
 * other YAML versions, several documents, tags, repeated keys, lists and maps of more than 5,000 entries, numbers that
 * would lose digits. After a syntax error the tree is unreadable, since guessing what was meant makes follow-up errors.
 * Merging, aliases and duplicates are handled in `tree-builder.ts`, because the package's own way loses the places
 * (and compares the keys of a map pairwise).
 */
export function parseYaml(text: string, file: string): Parsed {
  const bytes = Buffer.byteLength(text)
  if (bytes > maxBytes) {
    return failed({
      code: 'too-large',
      message: `the file has ${bytes} bytes; at most ${maxBytes} are read`,
      at: { file, start: 0, end: 0 },
      fix: 'move data to files that a step reads',
    })
  }
  const version = otherVersion(text, file)
  if (version !== undefined) return failed(version)
  const document = parseDocument(maskReferences(text), {
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    strict: true,
    prettyErrors: false,
  })
  if (document.errors.length > 0) return failed(...yamlProblems(document.errors, text, file))
  const problems = [...unmaskReferences(document, text, file)]
  const tree = buildTree(document.contents, text, file, problems)
  return { tree, problems }
}

function failed(...problems: readonly Diagnostic[]): Parsed {
  return { tree: unreadableTree(), problems }
}

/** A file may ask for YAML 1.1, in which `no` is false and 12:30 is 750. */
function otherVersion(text: string, file: string): Diagnostic | undefined {
  const directive = /^\uFEFF?(?:(?:#.*|%.*|[ \t]*)\r?\n)*?(%YAML[ \t]+(?!1\.2\s)\S*)/.exec(text)
  const written = directive?.[1]
  if (written === undefined) return undefined
  const start = (directive as RegExpExecArray)[0].length - written.length
  return {
    code: 'syntax',
    message: `${quoteName(written)} asks for another YAML version; pipelines are YAML 1.2`,
    at: { file, start, end: start + written.length },
    fix: 'remove the line',
  }
}
