import { resolve } from 'node:path'
import type { Json } from '../base/canonical.ts'
import type { Diagnostic, Span } from '../base/diagnostic.ts'
import { validateAgainst } from '../base/json-schema.ts'
import { nearestName } from '../base/typo.ts'
import { quoteName, suggestion } from '../base/words.ts'
import { paramSchema } from '../contract/param-schema.ts'
import type { ParamDeclaration } from '../contract/pipeline.ts'
import { locator } from './locate.ts'
import { parseYaml } from './parse.ts'
import { mapEntries } from './shapes.ts'

/** A value given from outside for a parameter of the root pipeline. */
export interface Setting {
  readonly value: Json
  /** Absolute: where relative paths in the value start. */
  readonly baseDirectory: string
  /** Where a parameter file says it; absent for `--set` and programs. */
  readonly at?: Span
}

export interface Settings {
  readonly values: ReadonlyMap<string, Setting>
  readonly problems: readonly Diagnostic[]
}

type Declarations = ReadonlyMap<string, ParamDeclaration>

/** Joins settings; a later one wins over an earlier one (`--set` over parameter files). */
export function mergeSettings(parts: readonly Settings[]): Settings {
  return {
    values: new Map(parts.flatMap(part => [...part.values])),
    problems: parts.flatMap(part => part.problems),
  }
}

/**
 * Values of `--set NAME=VALUE`, read by the declared type: text and paths as they are, `true` and `false`, numbers, lists
 * and maps as YAML (`[a, b]`, `{ model: { L1: 2 } }`). Paths are relative to the working directory.
 */
export function settingsFromArguments(
  assignments: readonly string[],
  declarations: Declarations,
  workingDirectory: string,
): Settings {
  const values = new Map<string, Setting>()
  const problems: Diagnostic[] = []
  for (const assignment of assignments) {
    const shown = quoteName(`--set ${assignment}`)
    const equals = assignment.indexOf('=')
    if (equals < 1) {
      problems.push({
        code: 'bad-argument',
        message: `expected NAME=VALUE, found ${shown}`,
        fix: 'write `--set name=value`',
      })
      continue
    }
    const name = assignment.slice(0, equals)
    const declaration = declarations.get(name)
    if (declaration === undefined) {
      problems.push({
        ...unknown(name, declarations),
        message: `${shown}: the pipeline has no parameter ${quoteName(name)}`,
      })
      continue
    }
    if (values.has(name)) {
      problems.push({
        code: 'bad-argument',
        message: `${shown}: ${quoteName(name)} is set twice`,
        fix: 'keep one of them',
      })
      continue
    }
    const read = readArgument(assignment.slice(equals + 1), declaration)
    const complaint = 'message' in read ? read : mismatch(declaration, read.value)
    if (complaint !== undefined)
      problems.push({ code: 'bad-argument', ...complaint, message: `${shown}: ${complaint.message}` })
    else values.set(name, { value: (read as { value: Json }).value, baseDirectory: resolve(workingDirectory) })
  }
  return { values, problems }
}

/** Values given by name, in a program. Relative paths in them start at `directory`. */
export function settingsFromValues(
  given: { readonly [name: string]: Json },
  declarations: Declarations,
  directory: string,
): Settings {
  const values = new Map<string, Setting>()
  const problems: Diagnostic[] = []
  for (const [name, value] of Object.entries(given)) {
    const declaration = declarations.get(name)
    if (declaration === undefined) {
      problems.push(unknown(name, declarations))
      continue
    }
    const complaint = mismatch(declaration, value)
    if (complaint === undefined) values.set(name, { value, baseDirectory: resolve(directory) })
    else problems.push({ code: 'bad-value', ...complaint, message: `${quoteName(name)}: ${complaint.message}` })
  }
  return { values, problems }
}

/** Values of a parameter file: a YAML map from name to value, or nothing. Paths are relative to the file. */
export function settingsFromFile(path: string, text: string, declarations: Declarations): Settings {
  const { tree, problems: broken } = parseYaml(text, path)
  const locate = locator(path, tree)
  const problems = [...broken]
  const values = new Map<string, Setting>()
  if (tree.json !== null && (typeof tree.json !== 'object' || Array.isArray(tree.json))) {
    problems.push({ code: 'wrong-type', message: 'expected a map from parameter to value', at: locate([]) })
  }
  for (const [name, value] of mapEntries(tree.json)) {
    const declaration = declarations.get(name)
    if (declaration === undefined) {
      problems.push({ ...unknown(name, declarations), at: locate([name], 'key') })
    } else if (!tree.children.get(name)?.tree.unreadable) {
      problems.push(...misfits(declaration, value, at => locate([name, ...at])))
      values.set(name, { value, baseDirectory: resolve(path, '..'), at: locate([name]) })
    }
  }
  return { values, problems }
}

function unknown(name: string, declarations: Declarations): Diagnostic {
  const known = [...declarations.keys()]
  const message = `the pipeline has no parameter ${quoteName(name)}`
  return { code: 'unknown-param', message, ...suggestion(nearestName(name, known), known) }
}

function readArgument(
  text: string,
  { type }: ParamDeclaration,
): { readonly value: Json } | Pick<Diagnostic, 'message' | 'fix'> {
  switch (type) {
    case 'string':
    case 'path':
      return { value: text }
    case 'boolean':
      return { value: text === 'true' ? true : text === 'false' ? false : text }
    case 'number':
    case 'integer':
      return { value: /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text) ? Number(text) : text }
    default:
      return readFlow(text)
  }
}

function readFlow(text: string): { readonly value: Json } | Pick<Diagnostic, 'message' | 'fix'> {
  const { tree, problems } = parseYaml(text, '')
  const first = problems[0]
  if (first === undefined) return { value: tree.json }
  return {
    message: `at character ${(first.at?.start ?? 0) + 1} of the value, ${first.message}`,
    ...(first.fix === undefined ? {} : { fix: first.fix }),
  }
}

function mismatch(
  declaration: ParamDeclaration,
  value: Json,
): (Pick<Diagnostic, 'message' | 'fix'> & { readonly code?: string }) | undefined {
  const [first] = misfits(declaration, value, () => ({ file: '', start: 0, end: 0 }))
  if (first === undefined) return undefined
  const { at: _nowhere, ...complaint } = first
  return complaint
}

function misfits(
  declaration: ParamDeclaration,
  value: Json,
  at: (path: readonly (string | number)[]) => Span,
): readonly Diagnostic[] {
  const { problems } = validateAgainst(paramSchema(declaration), value)
  return problems.map(({ code, path, message, fix }) => ({
    code,
    message,
    at: at(path),
    ...(fix === undefined ? {} : { fix }),
  }))
}
