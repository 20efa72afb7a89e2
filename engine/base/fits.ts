import type { Json } from './canonical.ts'
import { resolvePointer, type SchemaNode } from './schema-tree.ts'

/**
 * Whether a value meets a JSON Schema, said only when it is certain, without ajv (whose loading and compiling is most of
 * the start of a run that has nothing to do). Fills in defaults as ajv does: before anything is checked, not inside
 * `anyOf` and `if`. False is no verdict: the value is wrong, or the schema says something that is not understood here;
 * ajv then decides, and finds the words. Tests hold the two against each other.
 *
 * @param value - changed: defaults are filled in, also where the answer is false.
 */
export function surelyFits(schema: SchemaNode, value: Json): boolean {
  return isUnderstood(schema) && meets(schema, value, schema, true)
}

const understood = new WeakMap<SchemaNode, boolean>()

/** All of it, whatever part of it a value needs: a schema that is wrong is not let pass. */
function isUnderstood(root: SchemaNode): boolean {
  const known = understood.get(root) ?? everyNode(root, root, [])
  understood.set(root, known)
  return known
}

function everyNode(node: Json, root: SchemaNode, open: readonly string[]): boolean {
  if (typeof node === 'boolean') return true
  if (!isMap(node)) return false
  return Object.entries(node).every(([keyword, content]) => {
    if (keyword === '$ref') {
      if (typeof content !== 'string' || open.includes(content)) return false
      return everyNode(resolvePointer(root, content), root, [...open, content])
    }
    if (keyword === 'definitions' || keyword === '$defs') return true
    if (keyword === 'required' || keyword === 'enum') return Array.isArray(content)
    if (keyword === 'properties')
      return isMap(content) && Object.values(content).every(one => everyNode(one, root, open))
    if (keyword === 'anyOf') return Array.isArray(content) && content.every(one => everyNode(one, root, open))
    if (subSchemas.has(keyword)) return everyNode(content, root, open)
    return annotations.has(keyword) || keyword.startsWith('x-') || Object.hasOwn(rules, keyword)
  })
}

const subSchemas = new Set(['items', 'additionalProperties', 'propertyNames', 'if', 'then', 'else'])
const annotations = new Set(['$schema', '$id', 'title', 'description', 'default', 'examples', 'type'])

/** @param plain - not inside `anyOf` or `if`, where defaults do not count. */
function meets(written: Json, value: Json, root: SchemaNode, plain: boolean): boolean {
  if (typeof written === 'boolean') return written
  const schema = dereferenced(written as SchemaNode, root)
  if (schema['type'] !== undefined && !hasType(value, schema['type'])) return false
  if (isMap(value) && !meetsAsMap(schema, value, root, plain)) return false
  if (Array.isArray(value) && schema['items'] !== undefined) {
    if (!value.every(one => meets(schema['items']!, one, root, plain))) return false
  }
  const { anyOf, if: condition } = schema
  if (anyOf !== undefined && !(anyOf as Json[]).some(one => meets(one, value, root, false))) return false
  if (condition !== undefined) {
    const branch = schema[meets(condition, value, root, false) ? 'then' : 'else']
    if (branch !== undefined && !meets(branch, value, root, false)) return false
  }
  return Object.entries(rules).every(([keyword, rule]) => {
    const limit = schema[keyword]
    return limit === undefined || rule(value, limit)
  })
}

function meetsAsMap(schema: SchemaNode, map: { [name: string]: Json }, root: SchemaNode, plain: boolean): boolean {
  const properties = (schema['properties'] ?? {}) as { readonly [name: string]: SchemaNode }
  if (plain) {
    for (const [name, property] of Object.entries(properties)) {
      const usual = dereferenced(property, root)['default']
      if (usual !== undefined && map[name] === undefined) map[name] = structuredClone(usual)
    }
  }
  const { required = [], additionalProperties: others = true, propertyNames: names = true } = schema
  if (!(required as string[]).every(name => Object.hasOwn(map, name))) return false
  return Object.entries(map).every(
    ([name, value]) =>
      meets(names, name, root, plain) &&
      meets(Object.hasOwn(properties, name) ? properties[name]! : others, value, root, plain),
  )
}

const merged = new WeakMap<SchemaNode, SchemaNode>()

function dereferenced(node: SchemaNode, root: SchemaNode): SchemaNode {
  const { $ref: pointer, ...rest } = node
  if (typeof pointer !== 'string') return node
  const known = merged.get(node) ?? { ...dereferenced(resolvePointer(root, pointer) as SchemaNode, root), ...rest }
  merged.set(node, known)
  return known
}

function hasType(value: Json, type: Json): boolean {
  if (Array.isArray(type)) return type.some(one => hasType(value, one))
  switch (type) {
    case 'object':
      return isMap(value)
    case 'array':
      return Array.isArray(value)
    case 'null':
      return value === null
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'integer':
      return Number.isInteger(value)
    default:
      return (type === 'string' || type === 'boolean') && typeof value === type
  }
}

type Rule = (value: Json, limit: Json) => boolean

const ofNumber =
  (holds: (value: number, limit: number) => boolean): Rule =>
  (value, limit) =>
    typeof value !== 'number' || holds(value, limit as number)
const ofText =
  (holds: (value: string, limit: Json) => boolean): Rule =>
  (value, limit) =>
    typeof value !== 'string' || holds(value, limit)
const ofList =
  (holds: (value: readonly Json[], limit: number) => boolean): Rule =>
  (value, limit) =>
    !Array.isArray(value) || holds(value, limit as number)

/** Each lets values of other types pass, as JSON Schema has it. */
const rules: { readonly [keyword: string]: Rule } = {
  const: (value, wanted) => isScalar(value) && value === wanted,
  enum: (value, wanted) => isScalar(value) && (wanted as Json[]).includes(value),
  minimum: ofNumber((value, limit) => value >= limit),
  maximum: ofNumber((value, limit) => value <= limit),
  exclusiveMinimum: ofNumber((value, limit) => value > limit),
  exclusiveMaximum: ofNumber((value, limit) => value < limit),
  // In code points.
  minLength: ofText((value, limit) => [...value].length >= (limit as number)),
  maxLength: ofText((value, limit) => [...value].length <= (limit as number)),
  pattern: ofText((value, limit) => expression(limit as string).test(value)),
  minItems: ofList((value, limit) => value.length >= limit),
  maxItems: ofList((value, limit) => value.length <= limit),
  uniqueItems: (value, wanted) =>
    !Array.isArray(value) || wanted === false || (value.every(isScalar) && new Set(value).size === value.length),
  minProperties: (value, limit) => !isMap(value) || Object.keys(value).length >= (limit as number),
  maxProperties: (value, limit) => !isMap(value) || Object.keys(value).length <= (limit as number),
}

const expressions = new Map<string, RegExp>()

function expression(pattern: string): RegExp {
  const known = expressions.get(pattern) ?? new RegExp(pattern, 'u')
  expressions.set(pattern, known)
  return known
}

function isMap(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Equality of others is ajv's business. */
function isScalar(value: Json): boolean {
  return value === null || typeof value !== 'object'
}
