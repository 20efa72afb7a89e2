import type { Json } from '../base/canonical.ts'
import type {
  InputDeclaration,
  Locate,
  OutputDeclaration,
  ParamDeclaration,
  ParamType,
  PipelineFile,
} from '../contract/pipeline.ts'
import { type JsonMap, mapEntries, mapOf, textOf, texts } from './shapes.ts'
import { readCondition, readStep } from './step-declaration.ts'

/**
 * The pipeline in a parsed file. What the schema found wrong is left out or takes a neutral value, so that the checks
 * which follow still see the rest.
 */
export function readPipelineFile(path: string, root: Json, locate: Locate): PipelineFile {
  const file = mapOf(root)
  const params = new Map(mapEntries(file['params']).map(([name, value]) => [name, readParam(name, mapOf(value))]))
  const inputs = new Map(mapEntries(file['inputs']).map(([name, value]) => [name, readInput(name, mapOf(value))]))
  const steps = new Map(mapEntries(file['steps']).map(([id, value]) => [id, readStep(id, mapOf(value))]))
  const outputs = new Map(mapEntries(file['outputs']).map(([name, value]) => [name, readOutput(name, value)]))
  return {
    path,
    name: textOf(file['name']) ?? nameOfFile(path),
    description: textOf(file['description']) ?? '',
    params,
    inputs,
    env: texts(file['env']),
    steps,
    outputs,
    locate,
  }
}

function readParam(name: string, declaration: JsonMap): ParamDeclaration {
  const { type, items, minimum, maximum, enum: allowed } = declaration as { readonly [key: string]: Json | undefined }
  return {
    name,
    type: (textOf(type) ?? 'string') as ParamType,
    items: textOf(items) as ParamDeclaration['items'],
    default: declaration['default'],
    description: textOf(declaration['description']) ?? '',
    minimum: typeof minimum === 'number' ? minimum : undefined,
    maximum: typeof maximum === 'number' ? maximum : undefined,
    enum: Array.isArray(allowed) ? allowed : undefined,
  }
}

function readInput(name: string, declaration: JsonMap): InputDeclaration {
  return {
    name,
    kind: textOf(declaration['kind']) ?? '',
    per: declaration['per'] === 'collection' ? 'collection' : 'item',
    ...(declaration['optional'] === true && { optional: true }),
  }
}

function readOutput(name: string, value: Json): OutputDeclaration {
  const written = mapOf(value)
  return { name, from: textOf(value) ?? textOf(written['from']) ?? '', where: readCondition(written['where']) }
}

function nameOfFile(path: string): string {
  const last = path.split(/[/\\]/).at(-1) ?? ''
  return last.replace(/\.ya?ml$/i, '')
}
