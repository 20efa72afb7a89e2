import { type ChildProcess, spawn } from 'node:child_process'
import { cpSync, lchownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sha256 } from '../../engine/base/digest.ts'
import type { RunEvent, RunFinished } from '../../engine/contract/event.ts'

const repository = fileURLToPath(new URL('../..', import.meta.url))

/** A copy of the demo with a few of its pictures: what a user has after cloning, in small. */
export interface DemoProject {
  readonly folder: string
  /** Ids of its pictures, sorted. */
  readonly ids: readonly string[]
  readonly image: (id: string) => string
  readonly path: (...parts: string[]) => string
  /** Runs `maskloom` there and waits. */
  readonly maskloom: (...args: readonly string[]) => Promise<Ended>
  /** Starts it in a process group of its own; the caller waits for `ended`. */
  readonly start: (...args: readonly string[]) => Started
  readonly remove: () => void
}

export interface Ended {
  /** Undefined when a signal ended it. */
  readonly code: number | undefined
  readonly stdout: string
  readonly stderr: string
  readonly wallMs: number
}

export interface Started {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has said on stdout up to now. */
  readonly soFar: () => string
}

export interface DemoOptions {
  readonly images: number
  /** Runs the program as this user, who owns the project then. */
  readonly user?: { readonly uid: number; readonly gid: number }
}

export function demoProject(options: DemoOptions): DemoProject {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-demo-'))
  const demo = join(repository, 'demo')
  const files = readdirSync(join(demo, 'images')).sort().slice(0, options.images)
  const path = (...parts: string[]) => join(folder, ...parts)
  writeFileSync(path('maskloom.config.yaml'), '')
  cpSync(join(repository, 'pipelines'), path('pipelines'), { recursive: true })
  mkdirSync(path('demo', 'images'), { recursive: true })
  for (const file of files) cpSync(join(demo, 'images', file), path('demo', 'images', file))
  for (const file of ['hierarchy.json', 'class-descriptions.csv']) cpSync(join(demo, file), path('demo', file))
  for (const part of ['models', 'training']) cpSync(join(demo, part), path('demo', part), { recursive: true })
  writeFileSync(path('demo', 'annotations.json'), JSON.stringify(annotationsOf(join(demo, 'annotations.json'), files)))

  if (options.user !== undefined) giveTo(folder, options.user)

  const start = (...args: readonly string[]): Started => {
    const startedMs = performance.now()
    const child = spawn(process.execPath, [join(repository, 'bin.js'), ...args], {
      cwd: folder,
      detached: true,
      ...options.user,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NO_COLOR: '1' },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk
    })
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr += chunk
    })
    const ended = new Promise<Ended>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', code =>
        resolve({ code: code ?? undefined, stdout, stderr, wallMs: performance.now() - startedMs }),
      )
    })
    return { child, ended, soFar: () => stdout }
  }

  return {
    folder,
    ids: files.map(file => file.replace(/\.[^.]+$/, '')),
    image: id => path('demo', 'images', `${id}.jpg`),
    path,
    maskloom: (...args) => start(...args).ended,
    start,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

function giveTo(folder: string, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  lchownSync(folder, uid, gid)
  for (const entry of readdirSync(folder, { recursive: true }) as string[]) lchownSync(join(folder, entry), uid, gid)
}

interface Coco {
  readonly images: readonly { readonly id: number; readonly file_name: string }[]
  readonly annotations: readonly { readonly image_id: number }[]
}

function annotationsOf(path: string, files: readonly string[]): Coco {
  const all = JSON.parse(readFileSync(path, 'utf8')) as Coco
  const images = all.images.filter(image => files.includes(image.file_name))
  const ids = new Set(images.map(image => image.id))
  return { ...all, images, annotations: all.annotations.filter(one => ids.has(one.image_id)) }
}

/** The events behind `--json`. */
export function eventsOf(ended: Pick<Ended, 'stdout'>): readonly RunEvent[] {
  return ended.stdout
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line) as RunEvent)
}

/** The last event of a run. @throws with what was said instead, if it is not there. */
export function finishedOf(ended: Ended): RunFinished {
  const last = eventsOf(ended).at(-1)
  if (last?.type !== 'run.finished') throw new Error(`the run did not finish: ${ended.stderr}`)
  return last
}

/** Relative path → sha256, for every file below a folder. */
export function digestsBelow(folder: string): { readonly [file: string]: string } {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(entry => entry.isFile())
  const paths = files.map(entry => join(entry.parentPath, entry.name)).sort()
  return Object.fromEntries(paths.map(path => [relative(folder, path), sha256(readFileSync(path))]))
}

/** By step: how its tasks ended; steps where all were hits are left out. */
export function notHits(events: readonly RunEvent[]): {
  readonly [step: string]: { readonly done?: number; readonly rebuilt?: number; readonly failed?: number }
} {
  const steps: { [step: string]: { done?: number; rebuilt?: number; failed?: number } } = {}
  const add = (step: string, what: 'done' | 'rebuilt' | 'failed') => {
    steps[step] = { ...steps[step], [what]: (steps[step]?.[what] ?? 0) + 1 }
  }
  for (const event of events) {
    if (event.type === 'task.done') add(event.step, event.rebuilt ? 'rebuilt' : 'done')
    if (event.type === 'task.failed') add(event.step, 'failed')
  }
  return steps
}
