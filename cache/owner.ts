import { createHash } from 'node:crypto'
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'

/**
 * Which process made something, so that others can tell whether it still lives. A process id alone is not enough: ids
 * are used again, start over after a reboot, and mean something else inside a container.
 */
export interface Owner {
  /** Host name and process-id namespace, hashed: within one of these a process id means one process. */
  readonly host: string
  /** Changes with every boot; empty where the system has none to read. */
  readonly boot: string
  readonly pid: number
  /** When that process started, in clock ticks since boot (Linux); empty elsewhere. */
  readonly start: string
}

export function ownerOf(pid: number): Owner {
  return { host: thisHost(), boot: thisBoot(), pid, start: startOf(pid) }
}

/** `unknown`: it is on another host or in another container, only its heartbeat can tell. */
export function liveness(owner: Owner): 'alive' | 'dead' | 'unknown' {
  if (owner.host !== thisHost()) return 'unknown'
  if (owner.boot !== thisBoot()) return 'dead'
  if (!isRunning(owner.pid)) return 'dead'
  return owner.start === startOf(owner.pid) ? 'alive' : 'dead'
}

/** The owner as part of a file name, and back. */
export function ownerTag(owner: Owner): string {
  return `${owner.host}-${owner.boot || '0'}-${owner.pid}-${owner.start || '0'}`
}

export function ownerFromTag(name: string): Owner | undefined {
  const match = /^([0-9a-f]{8})-([0-9a-f]+)-(\d+)-(\d+)(?:-|$)/.exec(name)
  if (match === null) return undefined
  const [, host = '', boot = '', pid = '', start = ''] = match
  return { host, boot: boot === '0' ? '' : boot, pid: Number(pid), start: start === '0' ? '' : start }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it runs, but belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and brackets, so count from the last `)`. */
function startOf(pid: number): string {
  const stat = readText(`/proc/${pid}/stat`)
  if (stat === undefined) return ''
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
}

let host: string | undefined
let boot: string | undefined

function thisHost(): string {
  host ??= createHash('sha256').update(`${hostname()}\n${namespaceOfIds()}`).digest('hex').slice(0, 8)
  return host
}

function thisBoot(): string {
  boot ??= (readText('/proc/sys/kernel/random/boot_id') ?? '').replaceAll('-', '').trim().slice(0, 8)
  return boot
}

function namespaceOfIds(): string {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return ''
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
