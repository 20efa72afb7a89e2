import type { Json } from '../base/canonical.ts'
import type { TreePath } from '../contract/pipeline.ts'

export type JsonMap = { readonly [key: string]: Json }

/*
 * Reading of values whose shape the schema may have found wrong: of another shape, they count as empty.
 */

export function mapOf(value: Json | undefined): JsonMap {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as JsonMap) : {}
}

export function mapEntries(value: Json | undefined): readonly (readonly [string, Json])[] {
  return Object.entries(mapOf(value))
}

export function listOf(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

export function textOf(value: Json | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}

export function texts(value: Json | undefined): readonly string[] {
  return listOf(value).filter(entry => typeof entry === 'string')
}

export function valueAt(root: Json, path: TreePath): Json | undefined {
  let value: Json | undefined = root
  for (const segment of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, segment)) return undefined
    value = (value as JsonMap)[segment]
  }
  return value
}
