import { createRequire } from 'node:module'
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import type { Json } from './canonical.ts'
import { type SchemaProblem, schemaProblems } from './schema-problem.ts'
import { expandReferences, extensionKeywords } from './schema-tree.ts'

export interface Validated {
  /** A copy with the schema's defaults filled in. */
  readonly value: Json
  readonly problems: readonly SchemaProblem[]
}

/**
 * Checks a value against a JSON Schema (draft-07) and fills in defaults on a copy. Problems are in words for users, one
 * per place. Beside the standard keywords every `x-…` keyword is allowed; `x-expected` replaces the words for what a
 * sub-schema accepts ("expected <x-expected>, found …").
 * @throws Error for a schema that is itself wrong (unknown keyword, dangling or recursive `$ref`): a bug of its author.
 */
export function validateAgainst(schema: object, value: Json): Validated {
  const validate = compiled(schema)
  const copy = structuredClone(value) as Json
  if (validate(copy)) return { value: copy, problems: [] }
  return { value: copy, problems: schemaProblems(validate.errors as readonly ErrorObject[], value) }
}

let ajv: Ajv | undefined
const validators = new WeakMap<object, ValidateFunction>()

/** Once per schema object; ajv itself (30 ms) is loaded by the first one. */
function compiled(schema: object): ValidateFunction {
  const known = validators.get(schema)
  if (known !== undefined) return known
  ajv ??= newAjv()
  const expanded = expandReferences(schema as { readonly [keyword: string]: Json })
  for (const keyword of extensionKeywords(expanded)) if (!ajv.getKeyword(keyword)) ajv.addKeyword(keyword)
  const validate = ajv.compile(expanded)
  validators.set(schema, validate)
  return validate
}

function newAjv(): Ajv {
  const load = createRequire(import.meta.url)
  const module = load('ajv') as { Ajv: typeof Ajv }
  return new module.Ajv({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    strictSchema: true,
    strictTypes: false,
    strictTuples: false,
    strictRequired: false,
    allowUnionTypes: true,
    logger: false,
  })
}
