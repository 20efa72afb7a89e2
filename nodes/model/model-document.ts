import { createRequire } from 'node:module'
import type { Document, LineCounter } from 'yaml'
import type { Json } from '../../engine/base/canonical.ts'
import { validateAgainst } from '../../engine/base/json-schema.ts'
import type { ModelProblem } from './model-spec.ts'

export const MODEL_FILE = 'model.yaml'

export type ModelFamily = 'two-stage' | 'semantic'

/** The place of a field in the file, as "model.yaml:3:8". */
export type Locate = (path: readonly (string | number)[], at?: 'key' | 'value') => string

/** A model.yaml of the family that was asked for, as its schema lets it through, or every problem it has. */
export type ModelDocument =
  | { readonly content: Json; readonly locate: Locate }
  | { readonly problems: readonly ModelProblem[] }

/** Reads the text of a model.yaml: YAML 1.2 and the schema of its family. */
export async function readModelDocument(text: string, family: ModelFamily): Promise<ModelDocument> {
  const { LineCounter: Lines, parseDocument } = await import('yaml')
  const lines = new Lines()
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true })
  const broken = document.errors.map(error => {
    const { line, col } = lines.linePos(error.pos[0])
    return { message: `${MODEL_FILE}:${line}:${col}: ${error.message}` }
  })
  if (broken.length > 0) return { problems: broken }
  const content = document.toJS({ maxAliasCount: 100 }) as Json
  const locate: Locate = (path, at) => position(document, lines, path, at)
  const found = (content as { readonly family?: unknown } | null)?.family
  if (isFamily(found) && found !== family)
    return {
      problems: [
        {
          message: `${locate(['family'])}: this is a ${found} model; expected ${family}`,
          fix: found === 'semantic' ? 'show it pictures with semantic/infer' : 'show it pictures with detect/propose',
        },
      ],
    }
  const misfits = schemaProblems(content, family, locate)
  return misfits.length > 0 ? { problems: misfits } : { content, locate }
}

function isFamily(value: unknown): value is ModelFamily {
  return value === 'two-stage' || value === 'semantic'
}

const schemas = new Map<ModelFamily, object>()

function schemaProblems(content: Json, family: ModelFamily, locate: Locate): readonly ModelProblem[] {
  return validateAgainst(schemaOf(family), content).problems.map(({ path, at, message, fix }) => {
    const about = at === 'key' && message.startsWith('unknown') ? path.slice(0, -1) : path
    const name = about.length === 0 ? '' : `${about.join('.')}: `
    return { message: `${locate(path, at)}: ${name}${message}`, ...(fix === undefined ? {} : { fix }) }
  })
}

/** By family, not by the file's if and then: problems name fields of the family that was meant. */
function schemaOf(family: ModelFamily): object {
  const known = schemas.get(family)
  if (known !== undefined) return known
  // By the package's own name: the path is the same from the sources and from the build.
  const { definitions } = createRequire(import.meta.url)('maskloom/schemas/model.schema.json') as {
    readonly definitions: { readonly [name: string]: object }
  }
  const schema = { ...definitions[family === 'semantic' ? 'semantic' : 'twoStage'], definitions }
  schemas.set(family, schema)
  return schema
}

function position(
  document: Document,
  lines: LineCounter,
  path: readonly (string | number)[],
  at: 'key' | 'value' = 'value',
): string {
  for (let depth = path.length; depth >= 0; depth--) {
    const node = at === 'key' ? keyOf(document, path.slice(0, depth)) : document.getIn(path.slice(0, depth), true)
    const range = (node as { range?: readonly [number, number, number] } | undefined)?.range
    if (!range) continue
    const { line, col } = lines.linePos(range[0])
    return `${MODEL_FILE}:${line}:${col}`
  }
  return `${MODEL_FILE}:1:1`
}

function keyOf(document: Document, path: readonly (string | number)[]): unknown {
  const map = document.getIn(path.slice(0, -1), true) as { items?: readonly { key?: unknown }[] } | undefined
  return map?.items?.find(({ key }) => (key as { value?: unknown } | undefined)?.value === path.at(-1))?.key
}
