import { type Verified, verifyStore } from '../../../cache/verify.ts'
import { counted, formatBytes, formatCount } from '../../report/format.ts'
import { cachePlace, noCacheLine } from '../cache-place.ts'
import type { CacheOptions } from '../options.ts'
import { exitCode, sayRemark } from '../say.ts'

/**
 * `maskloom cache verify`: reads everything, drops what is damaged. The exit code is 1 if something was, so that a script
 * notices; nothing has to be done about it, since what was dropped is made again when it is needed.
 */
export async function cacheVerifyCommand(options: CacheOptions): Promise<number> {
  const { folder, exists } = cachePlace(options)
  if (!exists && options.json !== true) {
    process.stdout.write(noCacheLine(folder))
    return exitCode.done
  }
  const found = exists ? verifyStore(folder, { remark: sayRemark, onProgress: progress(options) }) : nothingVerified
  const { damagedResults, damagedValues, missingValues } = found
  const ok = damagedResults + damagedValues.length + missingValues.length === 0
  process.stdout.write(
    options.json ? `${JSON.stringify({ ok, directory: folder, ...found })}\n` : `${lines(found, ok).join('\n')}\n`,
  )
  return ok ? exitCode.done : exitCode.failed
}

function lines(found: Verified, ok: boolean): readonly string[] {
  const { results, values, bytes, damagedResults, damagedValues, missingValues, adoptedValues } = found
  return [
    `read ${counted(results, 'result')} and ${counted(values, 'value')} (${formatBytes(bytes)})`,
    ...(damagedResults > 0 ? [`dropped ${counted(damagedResults, 'damaged result')}`] : []),
    ...(damagedValues.length > 0 ? [`dropped ${counted(damagedValues.length, 'damaged value')}`] : []),
    ...(missingValues.length > 0 ? [`forgot ${counted(missingValues.length, 'value')} whose files are gone`] : []),
    ...(adoptedValues > 0 ? [`took in ${counted(adoptedValues, 'file')} that the index did not know`] : []),
    ok ? 'everything is as it should be' : 'what was dropped is made again when it is needed',
  ]
}

const nothingVerified: Verified = {
  results: 0,
  damagedResults: 0,
  values: 0,
  bytes: 0,
  damagedValues: [],
  missingValues: [],
  adoptedValues: 0,
}

const tellEveryMs = 1000

/** A line that is overwritten, on a terminal only. */
function progress({ json }: CacheOptions): (done: { readonly values: number; readonly ofValues: number }) => void {
  if (json || !process.stderr.isTTY) return () => {}
  let toldMs = performance.now()
  return ({ values, ofValues }) => {
    if (values < ofValues && performance.now() - toldMs < tellEveryMs) return
    toldMs = performance.now()
    process.stderr.write(`\r${formatCount(values)} of ${formatCount(ofValues)} values${values >= ofValues ? '\n' : ''}`)
  }
}
