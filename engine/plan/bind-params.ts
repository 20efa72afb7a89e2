import { resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import { validateAgainst } from '../base/json-schema.ts'
import { paramSchema } from '../contract/param-schema.ts'
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
      problem(
        declaration.name,
        `parameter \`${declaration.name}\` (${typeText(declaration)}) has no default and was not given`,
      )
      continue
    }
    const { value: raw, baseDirectory } = value ?? { value: declaration.default as Json, baseDirectory: fileDirectory }
    const [complaint] = validateAgainst(paramSchema(declaration), raw).problems
    if (complaint !== undefined)
      problem(declaration.name, `parameter \`${declaration.name}\`: ${complaint.message}`, complaint.fix)
    else bound[declaration.name] = withAbsolutePaths(declaration, raw, baseDirectory)
  }
  return bound
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

function typeText(declaration: ParamDeclaration): string {
  return declaration.items === undefined ? declaration.type : `${declaration.type} of ${declaration.items}s`
}
