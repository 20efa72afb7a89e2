import { join, resolve } from 'node:path'
import { openStore } from '../../../cache/open.ts'
import { projectRoot } from '../../api/project.ts'
import { formatBytes, formatCount } from '../../report/format.ts'
import { exitCode } from '../say.ts'

export function cacheFolder(option: string | undefined): string {
  return resolve(option ?? join(projectRoot(process.cwd()), '.maskloom'))
}

/** `maskloom cache stats`. */
export async function cacheStatsCommand(options: { readonly cache?: string; readonly json?: true }): Promise<number> {
  const store = openStore(cacheFolder(options.cache), { remark: message => process.stderr.write(`${message}\n`) })
  try {
    const stats = store.stats()
    if (options.json) {
      process.stdout.write(`${JSON.stringify({ directory: store.directory, ...stats })}\n`)
      return exitCode.done
    }
    const lines = [
      `cache     ${store.directory}`,
      `results   ${formatCount(stats.tasks)} tasks known`,
      `values    ${formatCount(stats.blobs)} stored, ${formatBytes(stats.blobBytes)} (${formatCount(stats.inlineBlobs)} in the database, ${formatCount(stats.fileBlobs)} as files)`,
      `database  ${formatBytes(stats.databaseBytes)}`,
    ]
    process.stdout.write(`${lines.join('\n')}\n`)
    return exitCode.done
  } finally {
    store.close()
  }
}
