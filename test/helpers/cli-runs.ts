import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunEvent } from '../../engine/contract/event.ts'
import { readTree } from './rig.ts'

const bin = fileURLToPath(new URL('../../bin.js', import.meta.url))
const nodes = fileURLToPath(new URL('../fixtures/fake-nodes.mjs', import.meta.url))

/** `maskloom run` in processes of its own, with the nodes of the test world, on one project and one cache. */
export interface CliRuns {
  readonly folder: string
  readonly write: (path: string, text: string) => void
  readonly start: (options?: { readonly pipeline?: string; readonly out?: string; readonly set?: string }) => CliRun
  /** What nodes wrote down, in all runs so far. */
  readonly executed: () => readonly string[]
  readonly close: () => void
}

export interface CliRun {
  readonly child: ChildProcess
  /** Resolves at the first event that fits. */
  readonly saw: (fits: (event: RunEvent) => boolean) => Promise<RunEvent>
  readonly ended: Promise<CliEnd>
}

export interface CliEnd {
  readonly code: number | null
  readonly signal: string | null
  readonly events: readonly RunEvent[]
  readonly errorText: string
  readonly outputs: { readonly [file: string]: string }
}

export function createCliRuns(files: { readonly [path: string]: string }): CliRuns {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-cli-'))
  const log = join(folder, 'log')
  const children: ChildProcess[] = []
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  write('maskloom.config.yaml', '')
  for (const [path, text] of Object.entries(files)) write(path, text)

  function start({ pipeline = 'pipeline.yaml', out = 'out', set }: Parameters<CliRuns['start']>[0] = {}): CliRun {
    const args = [
      bin,
      'run',
      `./${pipeline}`,
      '--nodes',
      nodes,
      '--json',
      '--slots',
      '1',
      '--workers',
      '1',
      '--out',
      out,
    ]
    const child = spawn(process.execPath, set === undefined ? args : [...args, '--set', set], {
      cwd: folder,
      env: { ...process.env, MASKLOOM_FAKE_LOG: log },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    children.push(child)
    const events: RunEvent[] = []
    const watchers: ((event: RunEvent) => void)[] = []
    let rest = ''
    let errorText = ''
    child.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        const event = JSON.parse(line) as RunEvent
        events.push(event)
        for (const watcher of watchers) watcher(event)
      }
    })
    child.stderr.on('data', (chunk: Buffer) => {
      errorText += chunk.toString()
    })
    return {
      child,
      saw: fits =>
        new Promise((resolve, reject) => {
          const early = events.find(fits)
          if (early !== undefined) resolve(early)
          watchers.push(event => fits(event) && resolve(event))
          child.on('close', () => reject(new Error(`the run ended before the event came: ${errorText}`)))
        }),
      ended: new Promise(resolve => {
        child.on('close', (code, signal) =>
          resolve({ code, signal, events, errorText, outputs: readTree(join(folder, out)) }),
        )
      }),
    }
  }

  return {
    folder,
    write,
    start,
    executed: () => (existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').sort() : []),
    close: () => {
      for (const child of children) if (child.exitCode === null) child.kill('SIGKILL')
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
