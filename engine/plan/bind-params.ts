import { resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import type { Span } from '../base/diagnostic.ts'
import { validateAgainst } from '../base/json-schema.ts'
import { paramSchema } from '../contract/param-schema.ts'
import type { ParamDeclaration, PipelineFile, TreePath } from '../contract/pipeline.ts'

/** A value given to a pipeline's parameter and the folder its relative paths start from. */
export interface Given {
  readonly value: Json
  readonly baseDirectory: string
  /** Where a parameter file says it. */
  readonly at?: Span
}

export interface BoundParams {
  readonly values: { readonly [name: string]: Json }
  /** Parameters without a value that can be used. */
  readonly unknown: readonly string[]
}

/** What is wrong with a parameter; whoever gave the value knows where it stands. `path` leads into the value. */
export interface ParamProblem {
  readonly name: string
  /** It has no value at all; else the value does not fit. */
  readonly missing: boolean
  /** "number", "list of paths". */
  readonly type: string
  readonly path: TreePath
  readonly message: string
  readonly fix: string | undefined
}

/**
 * The values of a pipeline's parameters: given ones, else defaults, paths made absolute. Given but undefined: a value
 * that is not known because of a mistake elsewhere.
 */
export function bindParams(
  file: PipelineFile,
  given: ReadonlyMap<string, Given | undefined>,
  fileDirectory: string,
  report: (problem: ParamProblem) => void,
): BoundParams {
  const values: { [name: string]: Json } = {}
  const unknown: string[] = []
  for (const declaration of file.params.values()) {
    const { name } = declaration
    const type = typeText(declaration)
    const value = given.get(name)
    if (given.has(name) ? value === undefined : declaration.default === undefined) {
      unknown.push(name)
      if (given.has(name)) continue
      const message = `parameter \`${name}\` (${type}) has no default and was not given`
      report({ name, missing: true, type, path: [], message, fix: undefined })
      continue
    }
    const { value: raw, baseDirectory } = value ?? { value: declaration.default as Json, baseDirectory: fileDirectory }
    const { problems } = validateAgainst(paramSchema(declaration), raw)
    for (const { path, message, fix } of problems) {
      report({ name, missing: false, type, path, message: `parameter \`${name}\`: ${message}`, fix })
    }
    if (problems.length > 0) unknown.push(name)
    else values[name] = withAbsolutePaths(declaration, raw, baseDirectory)
  }
  return { values, unknown }
}

function withAbsolutePaths(declaration: ParamDeclaration, value: Json, baseDirectory: string): Json {
  if (declaration.type === 'path') return resolve(baseDirectory, value as string)
  if (declaration.items !== 'path') return value
  if (Array.isArray(value)) return value.map(entry => resolve(baseDirectory, entry as string))
  return Object.fromEntries(
    Object.entries(value as { [key: string]: Json }).map(([key, entry]) => [
      key,
      resolve(baseDirectory, entry as string),
    ]),
  )
}

/** `number`, `list of paths`. */
export function typeText(declaration: ParamDeclaration): string {
  return declaration.items === undefined ? declaration.type : `${declaration.type} of ${declaration.items}s`
}
