import { listStore, type RecipeUse } from '../../../cache/list.ts'
import type { Json } from '../../base/canonical.ts'
import { counted, formatBytes, formatCount, formatDuration } from '../../report/format.ts'
import { tableLines } from '../../report/table.ts'
import { cachePlace, noCacheLine } from '../cache-place.ts'
import type { CacheOptions } from '../options.ts'
import { exitCode, sayRemark } from '../say.ts'

const shownAtOnce = 30
const parametersWidth = 60

/** `maskloom cache ls`: what takes the space: nodes with their parameters, largest first. */
export async function cacheLsCommand(options: CacheOptions & { readonly all?: true }): Promise<number> {
  const { folder, exists } = cachePlace(options)
  if (!exists) {
    process.stdout.write(options.json ? '[]\n' : noCacheLine(folder))
    return exitCode.done
  }
  const entries = listStore(folder, { remark: sayRemark }).map(describe)
  if (options.json) {
    process.stdout.write(`${JSON.stringify(entries)}\n`)
    return exitCode.done
  }
  if (entries.length === 0) {
    process.stdout.write('The cache is empty.\n')
    return exitCode.done
  }
  const shown = options.all ? entries : entries.slice(0, shownAtOnce)
  const rows = shown.map(entry => [
    entry.node,
    formatCount(entry.results),
    formatBytes(entry.bytes),
    formatDuration(entry.durationMs),
    new Date(entry.lastUsedMs).toISOString().slice(0, 10),
    shortParameters(entry.params),
  ])
  const titles = ['node', 'results', 'stored', 'work', 'last used', 'parameters']
  const right = new Set(['results', 'stored', 'work'])
  const lines = tableLines(
    titles.map(title => ({ title, align: right.has(title) ? 'right' : 'left' })),
    rows,
    process.stdout.isTTY ? { maxWidth: process.stdout.columns } : {},
  )
  const rest = entries.length - shown.length
  if (rest > 0) lines.push(`… and ${counted(rest, 'more', 'more')}; --all shows them`)
  process.stdout.write(`${lines.join('\n')}\n`)
  return exitCode.done
}

interface Entry extends Omit<RecipeUse, 'json'> {
  readonly node: string
  readonly version: number | undefined
  readonly params: Json
}

/** A recipe without text was made by a version that did not keep it. */
function describe({ json, ...use }: RecipeUse): Entry {
  if (json === undefined) return { ...use, node: '(unknown)', version: undefined, params: {} }
  const [, node, version, params] = JSON.parse(json) as [string, string, number, Json]
  return { ...use, node, version, params }
}

/** Digests by their first eight digits: they tell entries apart, and nobody reads more. */
function shortParameters(params: Json): string {
  const text = JSON.stringify(params).replace(/[0-9a-f]{64}/g, digest => `${digest.slice(0, 8)}…`)
  const plain = text.slice(1, -1).replaceAll('"', '').replaceAll(',', ', ')
  return plain.length > parametersWidth ? `${plain.slice(0, parametersWidth - 1)}…` : plain
}
