import { createRequire } from 'node:module'
import type { Ajv, ErrorObject, ValidateFunction } from 'ajv'
import type { Json } from './canonical.ts'
import { surelyFits } from './fits.ts'
import { type SchemaProblem, schemaProblems } from './schema-problem.ts'
import { expandReferences, extensionKeywords, type SchemaNode } from './schema-tree.ts'

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
  const quick = structuredClone(value) as Json
  return surelyFits(schema as SchemaNode, quick) ? { value: quick, problems: [] } : validateByAjv(schema, value)
}

/** The same by ajv alone, which has the last word. */
export function validateByAjv(schema: object, value: Json): Validated {
  const validate = compiled(schema)
  const copy = structuredClone(value) as Json
  if (validate(copy)) return { value: copy, problems: [] }
  return { value: copy, problems: schemaProblems(validate.errors as readonly ErrorObject[], value) }
}

let ajv: Ajv | undefined
const allowed = new Set<string>()
const validators = new WeakMap<object, ValidateFunction>()
const validatorsByText = new Map<string, ValidateFunction>()

/** Once per schema, by object and by text; ajv itself (30 ms) is loaded by the first value that may be wrong. */
function compiled(schema: object): ValidateFunction {
  const known = validators.get(schema)
  if (known !== undefined) return known
  const text = JSON.stringify(schema)
  const validate = validatorsByText.get(text) ?? compile(schema)
  validators.set(schema, validate)
  validatorsByText.set(text, validate)
  return validate
}

function compile(schema: object): ValidateFunction {
  ajv ??= newAjv()
  const expanded = expandReferences(schema as { readonly [keyword: string]: Json })
  for (const keyword of extensionKeywords(expanded)) {
    if (!allowed.has(keyword)) ajv.addKeyword(keyword)
    allowed.add(keyword)
  }
  return ajv.compile(expanded)
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
    // Compiling the schema of schemas takes 25 ms of every start; tests check our schemas against it instead.
    validateSchema: false,
    meta: false,
    logger: false,
  })
}
