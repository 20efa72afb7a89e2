import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { load } from '../../engine/api/load.ts'
import { prepareRun, type RunOptions } from '../../engine/api/prepare-run.ts'
import type { RunEvent, RunFinished } from '../../engine/contract/event.ts'
import type { RunHandle } from '../../engine/run/run.ts'
import { readTree } from './rig.ts'

export const fakeNodes = fileURLToPath(new URL('../fixtures/fake-nodes.mjs', import.meta.url))

export interface ApiRun {
  readonly finished: RunFinished
  readonly events: readonly RunEvent[]
  /** What nodes wrote down, sorted. */
  readonly executed: readonly string[]
  /** Files below the run's out folder. */
  readonly outputs: { readonly [file: string]: string }
  readonly outDirectory: string
}

export interface ApiRunOptions extends RunOptions {
  /** Default: `.maskloom` of the project. */
  readonly cache?: string
  readonly nodes?: readonly string[]
  readonly onEvent?: (event: RunEvent, handle: RunHandle) => void
}

/** Runs `pipeline.yaml` of a project folder with the nodes of the test world, as the library does. */
export async function apiRun(folder: string, options: ApiRunOptions = {}): Promise<ApiRun> {
  const { cache, nodes = [fakeNodes], onEvent = () => {}, ...runOptions } = options
  const log = join(folder, `log-${Math.random().toString(36).slice(2)}`)
  process.env['MASKLOOM_FAKE_LOG'] = log
  try {
    const pipeline = await load('pipeline.yaml', {
      directory: folder,
      nodes,
      ...(cache === undefined ? {} : { cache }),
    })
    const prepared = await prepareRun(pipeline, { slots: 1, workers: 1, ...runOptions })
    const events: RunEvent[] = []
    let handle: RunHandle | undefined
    handle = prepared.start(event => {
      events.push(event)
      if (handle !== undefined) onEvent(event, handle)
    })
    const finished = await handle.finished
    const executed = existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').sort() : []
    const { outDirectory } = prepared
    return { finished, events, executed, outputs: readTree(outDirectory), outDirectory }
  } finally {
    delete process.env['MASKLOOM_FAKE_LOG']
  }
}

/** Remarks of a run, as "step item: message". */
export function remarksOf(events: readonly RunEvent[]): readonly string[] {
  return events.flatMap(event =>
    event.type === 'remark'
      ? [`${[event.step, event.item].filter(part => part !== undefined).join(' ')}: ${event.message}`]
      : [],
  )
}
