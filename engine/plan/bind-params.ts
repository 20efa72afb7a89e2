import { resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import type { ParamDeclaration, PipelineFile } from '../contract/pipeline.ts'

/** A value given to a pipeline's parameter and the folder its relative paths start from. */
export interface Given {
  readonly value: Json
  readonly baseDirectory: string
}

/**
 * The values of a pipeline's parameters: given ones, else defaults, paths made absolute. `problem` names the parameter;
 * whoever gave the value knows where it stands.
 */
export function bindParams(
  file: PipelineFile,
  given: ReadonlyMap<string, Given>,
  fileDirectory: string,
  problem: (name: string, message: string, fix?: string) => void,
): { readonly [name: string]: Json } {
  const bound: { [name: string]: Json } = {}
  for (const declaration of file.params.values()) {
    const value = given.get(declaration.name)
    if (value === undefined && declaration.default === undefined) {
      problem(declaration.name, `parameter \`${declaration.name}\` (${typeText(declaration)}) has no default and was not given`)
      continue
    }
    const { value: raw, baseDirectory } = value ?? { value: declaration.default as Json, baseDirectory: fileDirectory }
    const complaint = mismatch(declaration, raw)
    if (complaint !== undefined) problem(declaration.name, `parameter \`${declaration.name}\` ${complaint}`)
    else bound[declaration.name] = withAbsolutePaths(declaration, raw, baseDirectory)
  }
  return bound
}

/** What is wrong with a value for this declaration, or undefined. */
export function mismatch(declaration: ParamDeclaration, value: Json): string | undefined {
  const shown = JSON.stringify(value)
  if (!isOfType(value, declaration.type)) return `must be ${article(declaration.type)}, found ${shown}`
  if (declaration.items !== undefined) {
    const entries = Array.isArray(value) ? value : Object.values(value as { [key: string]: Json })
    const wrong = entries.find(entry => !isOfType(entry, declaration.items as ParamDeclaration['type']))
    if (wrong !== undefined) return `must be a ${declaration.type} of ${declaration.items}s, found ${JSON.stringify(wrong)} in it`
  }
  if (declaration.enum !== undefined && !declaration.enum.some(allowed => JSON.stringify(allowed) === shown)) {
    return `must be one of ${declaration.enum.map(allowed => JSON.stringify(allowed)).join(', ')}, found ${shown}`
  }
  if (typeof value === 'number') {
    if (declaration.minimum !== undefined && value < declaration.minimum) return `must be at least ${declaration.minimum}, found ${shown}`
    if (declaration.maximum !== undefined && value > declaration.maximum) return `must be at most ${declaration.maximum}, found ${shown}`
  }
  return undefined
}

function withAbsolutePaths(declaration: ParamDeclaration, value: Json, baseDirectory: string): Json {
  if (declaration.type === 'path') return resolve(baseDirectory, value as string)
  if (declaration.items !== 'path') return value
  if (Array.isArray(value)) return value.map(entry => resolve(baseDirectory, entry as string))
  return Object.fromEntries(Object.entries(value as { [key: string]: Json }).map(([key, entry]) => [key, resolve(baseDirectory, entry as string)]))
}

function isOfType(value: Json, type: ParamDeclaration['type']): boolean {
  switch (type) {
    case 'string':
    case 'path':
      return typeof value === 'string'
    case 'number':
      return typeof value === 'number'
    case 'integer':
      return typeof value === 'number' && Number.isInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'list':
      return Array.isArray(value)
    case 'map':
      return value !== null && typeof value === 'object' && !Array.isArray(value)
  }
}

function article(type: string): string {
  return type === 'integer' ? 'an integer' : `a ${type}`
}

function typeText(declaration: ParamDeclaration): string {
  return declaration.items === undefined ? declaration.type : `${declaration.type} of ${declaration.items}s`
}
