/**
 * The grammar of references in texts: `${params.name}`, `${matrix.axis}`, `${matrix.axis.field}`, `${env.NAME}`, spaces
 * allowed next to the braces; `$${` stands for a literal `${`.
 */
export interface WrittenReference {
  /** As written, with the braces. */
  readonly text: string
  /** Offset in the text. */
  readonly start: number
  /** Undefined when the reference is malformed. */
  readonly name: { readonly namespace: Namespace; readonly rest: string } | undefined
}

export type Namespace = (typeof namespaces)[number]

export const namespaces = ['params', 'matrix', 'env'] as const

/** Every `${` that is not escaped, in order. */
export function referencesIn(text: string): readonly WrittenReference[] {
  const found: WrittenReference[] = []
  for (const { 0: written, index } of text.matchAll(/\$\$\{|\$\{[^}]*\}?/g)) {
    if (written === '$${') continue
    const match = /^\$\{\s*(params|matrix|env)\.([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*\}$/.exec(written)
    const name = match === null ? undefined : { namespace: match[1] as Namespace, rest: match[2] as string }
    found.push({ text: written, start: index, name })
  }
  return found
}
