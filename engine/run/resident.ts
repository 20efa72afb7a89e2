import { readFileSync } from 'node:fs'

const pageBytes = 4096

/**
 * Memory of this process and the given ones, cheap enough for every unit (microseconds each): private pages of each, and
 * the pages backed by files, which they mostly share, once. From /proc where it exists; elsewhere this process alone.
 */
export function residentBytes(pids: readonly number[]): number {
  let ownBytes = 0
  let sharedBytes = 0
  for (const pid of [process.pid, ...pids]) {
    const [, resident, shared] = readText(`/proc/${pid}/statm`).split(' ').map(Number)
    if (resident === undefined || shared === undefined) continue
    ownBytes += (resident - shared) * pageBytes
    sharedBytes = Math.max(sharedBytes, shared * pageBytes)
  }
  return ownBytes + sharedBytes || process.memoryUsage.rss()
}

/** The same, exact: shared pages are divided among those who have them (milliseconds each). */
export function proportionalBytes(pids: readonly number[]): number {
  let kilobytes = 0
  for (const pid of [process.pid, ...pids])
    kilobytes += Number(/^Pss:\s+(\d+) kB$/m.exec(readText(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0)
  return kilobytes * 1024 || residentBytes(pids)
}

/** Empty when there is no such file: another system, or the process has just ended. */
function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
