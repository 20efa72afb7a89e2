import type { Json } from '../base/canonical.ts'
import type { ParamDeclaration } from './pipeline.ts'

/**
 * The JSON Schema a value of a declared parameter must meet (for `validateAgainst`): one rule for defaults, `--set`,
 * parameter files and `with:` of a pipeline used as a node. A path is text. Bounds apply to the value if it is a number,
 * otherwise to the entries of a list or the values of a map.
 */
export function paramSchema(declaration: ParamDeclaration): { readonly [keyword: string]: Json } {
  const schema = typeSchema(declaration)
  return declaration.enum === undefined ? schema : { ...schema, enum: declaration.enum }
}

function typeSchema(declaration: ParamDeclaration): { readonly [keyword: string]: Json } {
  const { type, items, minimum, maximum } = declaration
  const bounds = { ...(minimum === undefined ? {} : { minimum }), ...(maximum === undefined ? {} : { maximum }) }
  switch (type) {
    case 'number':
    case 'integer':
      return { type, ...bounds }
    case 'list':
      return { type: 'array', ...(items === undefined ? {} : { items: { ...scalar(items), ...bounds } }) }
    case 'map':
      return {
        type: 'object',
        ...(items === undefined ? {} : { additionalProperties: { ...scalar(items), ...bounds } }),
      }
    default:
      return scalar(type)
  }
}

function scalar(type: Exclude<ParamDeclaration['type'], 'list' | 'map'>): { readonly [keyword: string]: Json } {
  return type === 'path' ? { type: 'string', minLength: 1, 'x-expected': 'a path' } : { type }
}
