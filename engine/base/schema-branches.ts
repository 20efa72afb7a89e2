import type { ErrorObject } from 'ajv'

/**
 * ajv reports every branch of an `anyOf`/`oneOf`. Of each such group only the errors of the branch that fits best (right
 * type, then fewest errors) are kept; if the value has the shape of no branch, only the choice itself, as a type error,
 * whose words name all branches. Needs a schema without `$ref` (see `expandReferences`); linear in the errors.
 */
export function narrowed(errors: readonly ErrorObject[]): readonly ErrorObject[] {
  const choices = new Map<string, ErrorObject>()
  for (const error of errors) if (isChoice(error)) choices.set(placeOf(error.schemaPath, error.instancePath), error)
  const kept: ErrorObject[] = []
  const inside = new Map<ErrorObject, ErrorObject[]>()
  for (const error of errors) {
    if (error.keyword === 'if' || error.keyword === 'propertyNames') continue
    const choice = outermostChoice(error, choices)
    if (choice !== undefined) append(inside, choice, error)
    else if (!isChoice(error)) kept.push(error)
    else if (!inside.has(error)) inside.set(error, [])
  }
  for (const [choice, group] of inside) kept.push(...bestBranch(choice, group))
  return kept
}

/** Errors grouped by a text, in order of first appearance. */
export function grouped<T>(entries: readonly T[], keyOf: (entry: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>()
  for (const entry of entries) append(groups, keyOf(entry), entry)
  return groups
}

function bestBranch(choice: ErrorObject, group: readonly ErrorObject[]): readonly ErrorObject[] {
  const start = choice.schemaPath.length + 1
  const branches = grouped(group, error => error.schemaPath.slice(start).split('/', 1)[0] as string)
  const fitting = [...branches.values()]
    .filter(branch => !branch.some(error => isShape(error) && error.instancePath === choice.instancePath))
    .sort((a, b) => a.length - b.length)
  return fitting[0] === undefined ? [{ ...choice, keyword: 'type' }] : narrowed(fitting[0])
}

/** The choice nearest to the root that this error lies in; a choice does not lie in itself. */
function outermostChoice(error: ErrorObject, choices: ReadonlyMap<string, ErrorObject>): ErrorObject | undefined {
  if (choices.size === 0) return undefined
  for (const { index } of error.schemaPath.matchAll(/\/(?:anyOf|oneOf)(?=\/)/g)) {
    const schemaPath = error.schemaPath.slice(0, index + '/anyOf'.length)
    for (let end = 0; end !== -1; end = nextSegment(error.instancePath, end)) {
      const choice = choices.get(placeOf(schemaPath, error.instancePath.slice(0, end)))
      if (choice !== undefined) return choice
    }
  }
  return undefined
}

/** End of the next longer prefix of a JSON pointer; -1 after the whole. */
function nextSegment(pointer: string, end: number): number {
  if (end >= pointer.length) return -1
  const next = pointer.indexOf('/', end + 1)
  return next === -1 ? pointer.length : next
}

function placeOf(schemaPath: string, instancePath: string): string {
  return `${schemaPath}\n${instancePath}`
}

function isChoice(error: ErrorObject): boolean {
  return error.keyword === 'anyOf' || error.keyword === 'oneOf'
}

function isShape(error: ErrorObject): boolean {
  return error.keyword === 'type' || error.keyword === 'const' || error.keyword === 'enum'
}

function append<K, V>(groups: Map<K, V[]>, key: K, value: V): void {
  const group = groups.get(key)
  if (group === undefined) groups.set(key, [value])
  else group.push(value)
}
