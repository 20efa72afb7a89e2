import { join } from 'node:path'
import { exists, type FileSystem } from './files.ts'

/** What belongs to a SQLite database beside the file itself. */
const COMPANIONS = ['-wal', '-shm'] as const

/**
 * Renames a database together with its write-ahead log into `aside/`, under a name with time and reason, and returns
 * the new path. The log must go along: left behind, SQLite would replay it into the next database of that name.
 *
 * The database goes first, so that a process that opens it meanwhile finds either all or nothing. Processes that have
 * it open keep it, under its new name; SQLite notices that it moved and leaves the files of the new one alone.
 * The caller holds the lock of `mutex.ts`.
 */
export function setAside(files: FileSystem, directory: string, reason: string, nowMs: number): string {
  const folder = join(directory, 'aside')
  files.mkdirSync(folder, { recursive: true })
  const target = freshName(files, folder, `${stampOf(nowMs)}-${reason}`)
  const source = join(directory, 'index.db')
  if (exists(files, source)) files.renameSync(source, target)
  moveCompanions(files, source, target)
  return target
}

/** A log without its database: what a kill in the middle of `setAside` leaves. */
export function setAsideOrphanLog(files: FileSystem, directory: string, nowMs: number): boolean {
  const source = join(directory, 'index.db')
  if (exists(files, source) || !COMPANIONS.some(suffix => exists(files, source + suffix))) return false
  const folder = join(directory, 'aside')
  files.mkdirSync(folder, { recursive: true })
  moveCompanions(files, source, freshName(files, folder, `${stampOf(nowMs)}-orphan-log`))
  return true
}

function moveCompanions(files: FileSystem, source: string, target: string): void {
  for (const suffix of COMPANIONS) {
    if (exists(files, source + suffix)) files.renameSync(source + suffix, target + suffix)
  }
}

function freshName(files: FileSystem, folder: string, stem: string): string {
  for (let n = 0; ; n++) {
    const path = join(folder, n === 0 ? `${stem}.db` : `${stem}-${n}.db`)
    if (!exists(files, path) && !COMPANIONS.some(suffix => exists(files, path + suffix))) return path
  }
}

/** `2026-01-31T09-05-00Z`: sortable, and legal in file names everywhere. */
function stampOf(nowMs: number): string {
  return `${new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-')}Z`
}
