import { TaskError } from '../engine/base/diagnostic.ts'
import { errorCode } from './files.ts'

/**
 * Turns what the file system or SQLite says into a problem a user can act on: what was being done, where, what to try.
 * Errors that are neither (a defect of ours, a crash injected by a test) come back unchanged.
 *
 * @param doing "storing 3 results", "reading the picture": completes "No space left while …".
 */
export function storeProblem(error: unknown, doing: string, path: string): unknown {
  const code = errorCode(error)
  if (error instanceof TaskError || code === undefined) return error
  const kind = kindOf(code)
  if (kind === undefined) return error
  const { summary, fix } = texts[kind]
  return new TaskError({ code: kind, message: `${summary} while ${doing} (${path}; ${code})`, fix }, { cause: error })
}

type ProblemKind = keyof typeof texts

const texts = {
  'disk-full': {
    summary: 'No space left on the disk',
    fix: 'free some space (`maskloom cache gc` drops cached values that are cheap to make again), or put the cache elsewhere with --cache; what was stored so far is kept, run the same command again to continue',
  },
  'not-permitted': {
    summary: 'Not allowed by the file system',
    fix: 'make the folder writable for this user, choose another with --cache (or --out), or run with --no-cache',
  },
  'too-many-files': {
    summary: 'Too many open files',
    fix: 'raise the limit (`ulimit -n 4096`) or use fewer --workers',
  },
  'bad-file': {
    summary: 'A file or folder is not there, or something else is in its place',
    fix: 'check the path, and that its disk is writable',
  },
  'io-failed': {
    summary: 'The disk reported an error',
    fix: 'check the disk (system log, free space), or put the cache on another one with --cache',
  },
  'store-busy': {
    summary: 'Another process kept the cache to itself for too long',
    fix: 'look for a stuck maskloom process that uses the same cache; nothing is lost, run the same command again',
  },
} as const

function kindOf(code: string): ProblemKind | undefined {
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_SHMSIZE')
    return 'disk-full'
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return 'not-permitted'
  if (code.startsWith('SQLITE_READONLY') || code.startsWith('SQLITE_CANTOPEN') || code === 'SQLITE_PERM')
    return 'not-permitted'
  if (code === 'EMFILE' || code === 'ENFILE') return 'too-many-files'
  if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EEXIST') return 'bad-file'
  if (isBusy(code)) return 'store-busy'
  if (code.startsWith('SQLITE_') || /^E[A-Z]+$/.test(code)) return 'io-failed'
  return undefined
}

export function isBusy(code: string | undefined): boolean {
  return code !== undefined && (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
}

/** The database itself is not one any more (as opposed to: the disk is full, the file cannot be opened). */
export function isDamage(code: string | undefined): boolean {
  return code !== undefined && (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB')
}

/** Runs `action`; what it throws is explained by `storeProblem`. */
export function explained<T>(doing: string, path: string, action: () => T): T {
  try {
    return action()
  } catch (error) {
    throw storeProblem(error, doing, path)
  }
}
