import { type Document, isCollection, Scalar, visit } from 'yaml'
import type { Diagnostic } from '../base/diagnostic.ts'

/*
 * Inside `{ }` and `[ ]`, YAML takes the brace of an unquoted `${params.x}` for the start of a map and loses the rest of
 * the file. So the braces of references are swapped for two private characters while YAML parses (same length, so all
 * places stay) and swapped back in the document; the missing quotes are then one problem instead of many.
 */
const open = '\uE000'
const close = '\uE001'

/** The text to parse; a text that holds the private characters itself is left as it is. */
export function maskReferences(text: string): string {
  if (text.includes(open) || text.includes(close)) return text
  return text.replace(/\$\{([\w. -]*)\}/g, `$$${open}$1${close}`)
}

/** Undoes `maskReferences` in the scalars of a document; returns a problem for each that lacks its quotes. */
export function unmaskReferences(document: Document, text: string, file: string): readonly Diagnostic[] {
  const problems: Diagnostic[] = []
  if (text.includes(open) || text.includes(close)) return problems
  visit(document, {
    Scalar(_, node, ancestors) {
      if (typeof node.value !== 'string' || !node.value.includes(open)) return
      node.value = node.value.replaceAll(open, '{').replaceAll(close, '}')
      if (node.type !== Scalar.PLAIN || !ancestors.some(ancestor => isCollection(ancestor) && ancestor.flow)) return
      problems.push({
        code: 'syntax',
        message: 'a reference inside `{ }` or `[ ]` must stand in quotes',
        at: { file, start: node.range?.[0] ?? 0, end: node.range?.[1] ?? 0 },
        fix: `write "${String(node.value)}"`,
      })
    },
  })
  return problems
}
