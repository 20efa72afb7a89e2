import type { Json } from '../base/canonical.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import { validateAgainst } from '../base/json-schema.ts'
import { paramSchema } from '../contract/param-schema.ts'
import type { ParamDeclaration, PipelineFile } from '../contract/pipeline.ts'

const paramTypes: readonly string[] = ['string', 'number', 'integer', 'boolean', 'path', 'list', 'map']

/** Parameters that contradict themselves: a default of another type, bounds on text, references in a default. */
export function checkParams(file: PipelineFile): readonly Diagnostic[] {
  const declarations = [...file.params.values()].filter(
    ({ type, items }) => paramTypes.includes(type) && (items === undefined || paramTypes.includes(items)),
  )
  const contradictory = declarations.flatMap(declaration => checkParam(declaration, file))
  return contradictory.length > 0 ? contradictory : checkDefaults(declarations, file)
}

function checkParam(declaration: ParamDeclaration, { locate }: PipelineFile): readonly Diagnostic[] {
  const { name, type, items, minimum, maximum } = declaration
  const problems: Diagnostic[] = []
  const path = ['params', name]
  if (items !== undefined && type !== 'list' && type !== 'map') {
    problems.push({
      code: 'bad-param',
      message: `\`items\` is for lists and maps; \`${name}\` is of type \`${type}\``,
      at: locate([...path, 'items'], 'key'),
      fix: 'remove it, or write `type: list`',
    })
  }
  const numeric = [type, items].some(one => one === 'number' || one === 'integer')
  for (const bound of ['minimum', 'maximum'] as const) {
    if (numeric || declaration[bound] === undefined) continue
    problems.push({
      code: 'bad-param',
      message: `\`${bound}\` is for numbers; \`${name}\` is of type \`${type}\``,
      at: locate([...path, bound], 'key'),
      fix: 'remove it',
    })
  }
  if (minimum !== undefined && maximum !== undefined && minimum > maximum) {
    const message = `no number is both at least ${minimum} and at most ${maximum}`
    problems.push({ code: 'bad-param', message, at: locate([...path, 'minimum']) })
  }
  return problems
}

/** All defaults against one schema: compiling one for each parameter would take longer than all the rest. */
function checkDefaults(declarations: readonly ParamDeclaration[], { locate }: PipelineFile): readonly Diagnostic[] {
  const given = declarations.filter(declaration => declaration.default !== undefined)
  const referring = given.filter(declaration => holdsReference(declaration.default as Json))
  const plain = given.filter(declaration => !referring.includes(declaration))
  const schema = {
    properties: Object.fromEntries(plain.map(declaration => [declaration.name, paramSchema(declaration)])),
  }
  const values = Object.fromEntries(plain.map(declaration => [declaration.name, declaration.default as Json]))
  const mismatches = plain.length === 0 ? [] : validateAgainst(schema, values).problems
  return [
    ...referring.map(({ name }) => ({
      code: 'bad-reference',
      message: 'references are not resolved in defaults',
      at: locate(['params', name, 'default']),
      fix: 'put the reference under `with:` of the step that needs it',
    })),
    ...mismatches.map(({ code, path: [name = '', ...inner], at, message, fix }) => ({
      code,
      message: `default of \`${name}\`: ${message}`,
      at: locate(['params', name, 'default', ...inner], at),
      ...(fix === undefined ? {} : { fix }),
    })),
  ]
}

function holdsReference(value: Json): boolean {
  if (typeof value === 'string') return value.includes('${')
  return value !== null && typeof value === 'object' && Object.values(value).some(holdsReference)
}
