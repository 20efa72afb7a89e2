import type { Json } from '../base/canonical.ts'
import type {
  Condition,
  InputBinding,
  InputSource,
  ItemSelection,
  MatrixDeclaration,
  StepDeclaration,
  TreePath,
} from '../contract/pipeline.ts'
import { type JsonMap, listOf, mapEntries, mapOf, textOf, texts } from './shapes.ts'

type Policy = StepDeclaration['store'][string]

/** One entry of `steps:`; see `readPipelineFile` for what happens to wrong parts. */
export function readStep(id: string, step: JsonMap): StepDeclaration {
  const { join } = step
  return {
    id,
    uses: textOf(step['uses']) ?? '',
    with: mapOf(step['with']),
    matrix: readMatrix(step['matrix']),
    over: [...new Set(texts(step['over']))],
    in: new Map(mapEntries(step['in']).map(([port, value]) => [port, readBinding(value, ['steps', id, 'in', port])])),
    items: readItems(step['items']),
    join: join === 'inner' || join === 'left' || join === 'outer' ? join : 'exact',
    store: Object.fromEntries(
      mapEntries(step['store']).filter((entry): entry is [string, Policy] => isPolicy(entry[1])),
    ),
    ...readTolerance(step),
  }
}

/** Ids are texts: `where: { scale: 208 }` means the coordinate "208". */
export function readCondition(value: Json | undefined): Condition {
  return Object.fromEntries(
    mapEntries(value).map(([axis, ids]) => [axis, (Array.isArray(ids) ? ids : [ids]).filter(isScalar).map(String)]),
  )
}

function readMatrix(matrix: Json | undefined): MatrixDeclaration | undefined {
  if (typeof matrix === 'string') return { form: 'of', step: matrix }
  const declaration = mapOf(matrix)
  if (declaration['rows'] !== undefined) return { form: 'rows', rows: declaration['rows'] }
  const { where, add, ...axes } = declaration
  if (matrix === undefined || matrix === null) return undefined
  const conditions = Array.isArray(where) ? where : where === undefined ? [] : [where]
  return {
    form: 'product',
    axes: new Map(Object.entries(axes)),
    where: conditions.map(readCondition),
    add: listOf(add).map(mapOf),
  }
}

function readBinding(value: Json, path: TreePath): InputBinding {
  if (!Array.isArray(value)) return { list: false, sources: [readSource(value, path)] }
  return { list: true, sources: value.map((entry, i) => readSource(entry, [...path, i])) }
}

function readSource(value: Json, path: TreePath): InputSource {
  const written = mapOf(value)
  return { from: textOf(value) ?? textOf(written['from']) ?? '', where: readCondition(written['where']), path }
}

function readTolerance(step: JsonMap): Pick<StepDeclaration, 'tolerance'> {
  const retries = step['retries']
  const maxFailures = step['max_failures']
  const timeoutMs = durationMs(step['timeout'])
  const written = {
    ...(typeof retries === 'number' ? { retries } : {}),
    ...(typeof maxFailures === 'number' ? { maxFailures } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  }
  return Object.keys(written).length === 0 ? {} : { tolerance: written }
}

/** A timer takes no more (24 days); nobody who writes more means it to the hour. */
const longestTimerMs = 2 ** 31 - 1

/** Seconds, or `500ms`, `30s`, `5m`, `2h`, `1.5h`. */
function durationMs(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return Math.min(longestTimerMs, value * 1000)
  const match = typeof value === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(value) : null
  if (match === null) return undefined
  const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 }[match[2] as 'ms' | 's' | 'm' | 'h']
  return Math.min(longestTimerMs, Number(match[1]) * unitMs)
}

function readItems(value: Json | undefined): ItemSelection | undefined {
  if (value === undefined) return undefined
  const written = mapOf(value)
  const { equals } = written
  return {
    from: textOf(value) ?? textOf(written['from']) ?? '',
    equals: equals !== undefined && isScalar(equals) ? equals : undefined,
  }
}

function isScalar(value: Json): value is string | number | boolean {
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
}

function isPolicy(value: Json): value is Policy {
  return value === 'always' || value === 'auto' || value === 'never'
}
