import { cpSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, parse } from 'node:path'
import Database from 'better-sqlite3'
import { openStore } from '../../cache/open.ts'
import { type DemoProject, digestsBelow, eventsOf, finishedOf } from './demo-project.ts'

/** What an undisturbed run says about the results a killed one may have stored. */
export interface Reference {
  readonly outputs: { readonly [file: string]: string }
  readonly inferences: number
  readonly stages: readonly {
    readonly step: 'leaf' | 'parent'
    readonly recipe: string
    readonly items: ReadonlyMap<string, string>
  }[]
}

/** Runs the demo undisturbed, in a cache of its own. */
export async function referenceRun(demo: DemoProject): Promise<Reference> {
  const run = (out: string, ...targets: readonly string[]) =>
    demo.maskloom('run', 'mini-open-images', ...targets, '--cache', 'reference-cache', '--out', out, '--json')
  const { inferences } = finishedOf(await run('reference'))
  // Delivered files are stored values as they are, so their digests are those in the database.
  finishedOf(await run('stages', 'leaf.instances', 'parent.instances'))
  const store = openStore(demo.path('reference-cache'))
  try {
    const stages = (['leaf', 'parent'] as const).map(step => {
      const cell = store.runs.lastCell(demo.path('pipelines', 'mini-open-images.yaml'), `${step}/masks`)!
      const files = Object.entries(digestsBelow(demo.path('stages', `${step}.instances`)))
      return { step, recipe: cell.recipe, items: new Map(files.map(([file, sha256]) => [sha256, parse(file).name])) }
    })
    return { outputs: digestsBelow(demo.path('reference')), inferences, stages }
  } finally {
    store.close()
  }
}

export interface KillOptions {
  /** When to kill, as a share of the inferences of a whole run, 0…1. */
  readonly share: number
  /** Everything it started, or only the run itself. */
  readonly whom: 'group' | 'parent'
  readonly name: string
}

export interface KillResult {
  readonly inferencesBefore: number
  /** Pictures whose instances were in the database when it was killed, by stage. */
  readonly committed: { readonly [step: string]: readonly string[] }
  readonly inferencesAfter: number
  /** Pictures among the committed ones that were inferred again. Must be empty. */
  readonly inferredAgain: readonly string[]
  /** Output files that differ from those of the undisturbed run. Must be empty. */
  readonly different: readonly string[]
  readonly status: string
}

/** Starts the demo in a fresh cache, kills it with SIGKILL, and starts it again. */
export async function killAndContinue(
  demo: DemoProject,
  reference: Reference,
  options: KillOptions,
): Promise<KillResult> {
  const args = ['run', 'mini-open-images', '--cache', `${options.name}-cache`, '--out', options.name, '--json']
  const killed = demo.start(...args)
  const pid = killed.child.pid!
  const limit = Math.max(1, Math.round(options.share * reference.inferences))
  killed.child.stdout!.on('data', () => {
    if (killed.child.exitCode !== null || inferencesIn(killed.soFar()) < limit) return
    process.kill(options.whom === 'group' ? -pid : pid, 'SIGKILL')
  })
  await new Promise(resolve => killed.child.once('exit', resolve))
  const committed = committedItems(demo.path(`${options.name}-cache`), reference)
  // At once: what the killed one started may still be alive.
  const again = await demo.maskloom(...args)
  await groupGone(pid)
  const finished = finishedOf(again)
  const outputs = digestsBelow(demo.path(options.name))
  const result = {
    inferencesBefore: inferencesIn(killed.soFar()),
    committed,
    inferencesAfter: finished.inferences,
    inferredAgain: eventsOf(again).flatMap(event =>
      event.type === 'task.done' && event.inferences > 0 && committed[event.step.split('/')[0]!]?.includes(event.item!)
        ? [`${event.step} ${event.item}`]
        : [],
    ),
    different: [...new Set([...Object.keys(outputs), ...Object.keys(reference.outputs)])].filter(
      file => outputs[file] !== reference.outputs[file],
    ),
    status: finished.status,
  }
  for (const folder of [`${options.name}-cache`, options.name]) rmSync(demo.path(folder), { recursive: true })
  return result
}

function inferencesIn(stdout: string): number {
  return stdout.match(/"inferences":1[,}]/g)?.length ?? 0
}

/** Reads a copy of the database, so that opening it repairs nothing. */
function committedItems(cache: string, { stages }: Reference): { readonly [step: string]: readonly string[] } {
  const copy = mkdtempSync(join(tmpdir(), 'maskloom-killed-'))
  for (const file of readdirSync(cache)) if (file.startsWith('index.db')) cpSync(join(cache, file), join(copy, file))
  const db = new Database(join(copy, 'index.db'))
  try {
    const rows = db.prepare<[Buffer], { digests: Buffer }>(
      'SELECT task.digests FROM task JOIN recipe ON recipe.id = task.recipe WHERE recipe.digest = ?',
    )
    return Object.fromEntries(
      stages.map(({ step, recipe, items }) => [
        step,
        rows.all(Buffer.from(recipe, 'hex')).map(({ digests }) => items.get(digests.toString('hex')) ?? 'unknown'),
      ]),
    )
  } finally {
    db.close()
    rmSync(copy, { recursive: true })
  }
}

/** Resolves when no process of the group is left. @throws after ten seconds. */
async function groupGone(pid: number): Promise<void> {
  const deadlineMs = performance.now() + 10_000
  for (;;) {
    try {
      process.kill(-pid, 0)
    } catch {
      return
    }
    if (performance.now() > deadlineMs) throw new Error(`processes of the killed run ${pid} are still there`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
