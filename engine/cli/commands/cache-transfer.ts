import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { openStore } from '../../../cache/open.ts'
import { exportRun, importStore, type Transferred } from '../../../cache/transfer.ts'
import { cacheOfProject } from '../../api/cache-place.ts'
import { PipelineError } from '../../api/pipeline-error.ts'
import { nearestName } from '../../base/typo.ts'
import { suggestion } from '../../base/words.ts'
import { counted, formatBytes } from '../../report/format.ts'
import { cachePlace } from '../cache-place.ts'
import type { CacheOptions } from '../options.ts'
import { exitCode, sayRemark } from '../say.ts'

/** `maskloom cache export`: what a run made or used, as a folder that can be carried elsewhere. */
export async function cacheExportCommand(
  run: string,
  options: CacheOptions & { readonly to?: string },
): Promise<number> {
  const { folder, exists } = cachePlace(options)
  if (!exists) throw noRun(folder)
  const id = runId(folder, run)
  const target = resolve(options.to ?? `maskloom-${id}`)
  if (target === folder) throw wrong('--to is the cache itself', 'choose another folder')
  const done = exportRun(folder, id, target)
  if (options.json) process.stdout.write(`${JSON.stringify({ run: id, folder: target, ...done })}\n`)
  else process.stdout.write(`${amount(done)} of run ${id} → ${target}\n`)
  return exitCode.done
}

/** `maskloom cache import`: takes in caches exported elsewhere. */
export async function cacheImportCommand(sources: readonly string[], options: CacheOptions): Promise<number> {
  // Unlike the other commands, this one may well begin a cache.
  const { folder } = cacheOfProject(process.cwd(), options.cache, options.allowOutside === true)
  const missing = sources.filter(source => !existsSync(join(source, 'index.db')))
  if (missing.length > 0) {
    throw new PipelineError(
      missing.map(source => ({
        code: 'bad-argument',
        message: `${source} is no cache: it has no \`index.db\``,
        fix: 'give the folder that `maskloom cache export` made',
      })),
    )
  }
  const reports = sources.map(source => ({ from: resolve(source), ...importStore(folder, resolve(source)) }))
  if (options.json) process.stdout.write(`${JSON.stringify({ directory: folder, imported: reports })}\n`)
  else for (const report of reports) process.stdout.write(`${amount(report)} from ${report.from}\n`)
  return exitCode.done
}

function amount({ results, values, bytes, refused }: Transferred): string {
  const kept = refused === 0 ? '' : `; ${counted(refused, 'result')} differed from what was known and stayed out`
  return `${counted(results, 'result')}, ${counted(values, 'value')} (${formatBytes(bytes)})${kept}`
}

/** `last`, or an id. */
function runId(folder: string, run: string): string {
  const store = openStore(folder, { remark: sayRemark })
  try {
    const ids = store.runs.list(1000).map(({ id }) => id)
    const [last] = ids
    if (last === undefined) throw noRun(folder)
    if (run === 'last' || ids.includes(run)) return run === 'last' ? last : run
    const { fix = '`maskloom runs` lists them' } = suggestion(nearestName(run, ids), [])
    throw wrong(`there is no record of a run \`${run}\` in ${folder}`, fix)
  } finally {
    store.close()
  }
}

function wrong(message: string, fix: string): PipelineError {
  return new PipelineError([{ code: 'bad-argument', message, fix }])
}

function noRun(folder: string): PipelineError {
  return wrong(`no run is recorded yet in ${folder}`, 'run a pipeline first')
}
