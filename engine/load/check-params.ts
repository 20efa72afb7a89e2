import type { Json } from '../base/canonical.ts'
import type { Diagnostic } from '../base/diagnostic.ts'
import { validateAgainst } from '../base/json-schema.ts'
import { paramSchema } from '../contract/param-schema.ts'
import type { ParamDeclaration, PipelineFile } from '../contract/pipeline.ts'

const paramTypes: readonly string[] = ['string', 'number', 'integer', 'boolean', 'path', 'list', 'map']

/** Parameters that contradict themselves: a default of another type, bounds on text, references in a default. */
export function checkParams(file: PipelineFile): readonly Diagnostic[] {
  return [...file.params.values()].flatMap(declaration => checkParam(declaration, file))
}

function checkParam(declaration: ParamDeclaration, { locate }: PipelineFile): readonly Diagnostic[] {
  const { name, type, items, minimum, maximum } = declaration
  const problems: Diagnostic[] = []
  const path = ['params', name]
  if (!paramTypes.includes(type)) return []
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
  return problems.length > 0 ? problems : checkDefault(declaration, locate)
}

function checkDefault(declaration: ParamDeclaration, locate: PipelineFile['locate']): readonly Diagnostic[] {
  const value = declaration.default
  if (value === undefined) return []
  const path = ['params', declaration.name, 'default']
  if (holdsReference(value)) {
    const message = 'references are not resolved in defaults'
    return [
      {
        code: 'bad-reference',
        message,
        at: locate(path),
        fix: 'put the reference under `with:` of the step that needs it',
      },
    ]
  }
  const { problems } = validateAgainst(paramSchema(declaration), value)
  return problems.map(({ code, path: inner, at, message, fix }) => ({
    code,
    message: `default of \`${declaration.name}\`: ${message}`,
    at: locate([...path, ...inner], at),
    ...(fix === undefined ? {} : { fix }),
  }))
}

function holdsReference(value: Json): boolean {
  if (typeof value === 'string') return value.includes('${')
  return value !== null && typeof value === 'object' && Object.values(value).some(holdsReference)
}
