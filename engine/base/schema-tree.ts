import type { Json } from './canonical.ts'

export type SchemaNode = { readonly [keyword: string]: Json }

/**
 * The schema with every `$ref: '#/…'` replaced by what it points to. Paths in ajv's errors then run through one tree,
 * so the errors of an `anyOf` can be told apart by branch.
 * @throws Error when a reference dangles, leaves the document or is recursive.
 */
export function expandReferences(root: SchemaNode): SchemaNode {
  const { $id: _id, $schema: _schema, definitions: _definitions, $defs: _defs, ...rest } = root
  return expand(rest, root, []) as SchemaNode
}

function expand(node: Json, root: SchemaNode, open: readonly string[]): Json {
  if (Array.isArray(node)) return node.map(entry => expand(entry, root, open))
  if (node === null || typeof node !== 'object') return node
  const { $ref: pointer, ...rest } = node as SchemaNode
  if (typeof pointer === 'string') {
    if (open.includes(pointer)) throw new Error(`internal: recursive $ref ${pointer} in a schema`)
    return { ...(expand(resolvePointer(root, pointer), root, [...open, pointer]) as SchemaNode), ...rest }
  }
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, expand(value, root, open)]))
}

/** @throws Error when it points nowhere. */
export function resolvePointer(root: SchemaNode, pointer: string): Json {
  let found: Json | undefined = root
  for (const name of pointer.replace(/^#\/?/, '').split('/')) {
    found = (found as SchemaNode | undefined)?.[name.replaceAll('~1', '/').replaceAll('~0', '~')]
  }
  if (!pointer.startsWith('#/') || found === undefined) throw new Error(`internal: $ref ${pointer} points nowhere`)
  return found
}

/** Every key that starts with `x-`, anywhere: ajv's strict mode has to be told of them. */
export function extensionKeywords(node: Json, found = new Set<string>()): ReadonlySet<string> {
  if (node === null || typeof node !== 'object') return found
  for (const [key, value] of Object.entries(node)) {
    if (key.startsWith('x-')) found.add(key)
    extensionKeywords(value as Json, found)
  }
  return found
}
