import type { Emit, RunEvent, RunStatus } from '../../engine/contract/event.ts'

/** A made-up run of the three-stage pipeline, event by event, on a clock of its own: the same options, the same events. */
export interface FakeRun {
  readonly images: number
  /** Images before this number are in the cache. */
  readonly cachedImages: number
  /** Numbers of the images whose backbone fails. */
  readonly failingImages: readonly number[]
  readonly slots: number
  /** Time of one image in one slot. */
  readonly msPerImage: number
  /** Copies of the pipeline side by side (`leaf/…`, `parent/…`, …): for screens with many steps. */
  readonly copies: number
  readonly startMs: number
  readonly status: RunStatus
}

export const smallRun: FakeRun = {
  images: 48,
  cachedImages: 16,
  failingImages: [20],
  slots: 2,
  msPerImage: 900,
  copies: 1,
  startMs: Date.UTC(2026, 0, 5, 12),
  status: 'failed',
}

const VIEWS = 12
const SEGMENT = ['propose', 'proposals', 'heads', 'mean', 'detections', 'roi_masks', 'masks']
const CELLS: { readonly [step: string]: number } = { propose: VIEWS, heads: VIEWS, roi_masks: VIEWS }
const NODES: { readonly [step: string]: string } = {
  propose: 'detect/propose',
  proposals: 'ensemble/proposals',
  heads: 'detect/boxes',
  mean: 'ensemble/boxes',
  detections: 'boxes/nms',
  roi_masks: 'detect/masks',
  masks: 'ensemble/masks',
}
const SHARES: { readonly [step: string]: number } = { propose: 0.6, heads: 0.2, roi_masks: 0.1 }

export function* fakeRun(options: FakeRun): Generator<RunEvent> {
  const { images, startMs } = options
  const prefixes =
    options.copies === 1 ? [''] : Array.from({ length: options.copies }, (_, copy) => `model${copy + 1}/`)
  const tasks = { hit: 0, done: 0, rebuilt: 0, failed: 0, skipped: 0 }
  let inferences = 0
  let atMs = startMs
  yield {
    type: 'run.started',
    atMs,
    runId: '20260105-120000-7f3a',
    pipeline: 'three-stage',
    steps: [
      { id: 'images', node: 'images/folder', lane: 'io', cells: 1, groups: [0] },
      ...prefixes.flatMap((prefix, copy) =>
        SEGMENT.map(step => ({
          id: prefix + step,
          node: NODES[step] ?? step,
          lane: CELLS[step] === undefined ? ('cpu' as const) : ('gpu' as const),
          cells: CELLS[step] ?? 1,
          groups: [copy + 1],
        })),
      ),
      { id: 'evaluate', node: 'evaluate/coco', lane: 'cpu', cells: 1, groups: [prefixes.length + 1] },
      { id: 'submission', node: 'submission/open-images', lane: 'cpu', cells: 1, groups: [prefixes.length + 2] },
    ],
    lanes: [
      { lane: 'gpu', width: options.slots },
      { lane: 'cpu', width: 2 },
      { lane: 'io', width: 4 },
    ],
    memoryBudgetBytes: 4 * 2 ** 30,
    cacheDirectory: '/home/ada/berries/.maskloom',
    outDirectory: '/home/ada/berries/out',
  }
  yield { type: 'step.items', atMs, step: 'images', tasks: images }
  yield { type: 'task.hits', atMs, step: 'images', tasks: images }
  tasks.hit += images

  for (const [copy, prefix] of prefixes.entries()) {
    const segment = SEGMENT.map(step => ({ id: prefix + step, cells: CELLS[step] ?? 1, share: SHARES[step] ?? 0.025 }))
    for (const { id, cells } of segment) yield { type: 'step.items', atMs, step: id, tasks: cells * images }
    if (options.cachedImages > 0) {
      for (const { id, cells } of segment) {
        yield { type: 'task.hits', atMs, step: id, tasks: cells * options.cachedImages }
        tasks.hit += cells * options.cachedImages
      }
    }
    const pending = Array.from({ length: images - options.cachedImages }, (_, index) => options.cachedImages + index)
    const firstMs = atMs
    const rounds = Math.ceil(pending.length / options.slots)
    for (let round = 0; round < rounds; round++) {
      const batch = pending.slice(round * options.slots, (round + 1) * options.slots)
      const fromMs = firstMs + round * options.msPerImage
      for (const [slot, image] of batch.entries()) {
        yield {
          type: 'unit.started',
          atMs: fromMs,
          lane: 'gpu',
          group: copy + 1,
          item: itemId(image),
          slot: `cpu/${slot}`,
        }
      }
      atMs = fromMs
      yield* samples(options, fromMs, batch.length, pending.length - (round + 1) * options.slots, round)
      let failed = false
      for (const { id, cells, share } of segment) {
        const taskMs = (options.msPerImage * share) / cells
        for (let cell = 0; cell < cells; cell++) {
          atMs += taskMs
          for (const image of batch) {
            const item = itemId(image)
            if (options.failingImages.includes(image)) {
              if (id === `${prefix}propose` && cell === 0) {
                failed = true
                tasks.failed++
                yield {
                  type: 'task.failed',
                  atMs,
                  step: id,
                  address: `${id}[flip=none,model=L1,scale=208]`,
                  item,
                  problem: BROKEN,
                }
              }
              continue
            }
            const views = id === `${prefix}propose` ? 1 : 0
            inferences += views
            tasks.done++
            yield {
              type: 'task.done',
              atMs,
              step: id,
              address: cells === 1 ? id : `${id}[flip=none,model=L${cell + 1},scale=208]`,
              item,
              rebuilt: false,
              durationMs: taskMs,
              outputBytes: 24_000,
              inferences: views,
            }
          }
        }
      }
      atMs = fromMs + options.msPerImage
      if (failed) {
        for (const { id, cells } of segment) {
          const skipped = id === `${prefix}propose` ? cells - 1 : cells
          if (skipped === 0) continue
          tasks.skipped += skipped
          yield { type: 'task.skipped', atMs, step: id, tasks: skipped, reason: `${prefix}propose failed` }
        }
      }
      for (const [slot, image] of batch.entries()) {
        yield {
          type: 'unit.finished',
          atMs,
          lane: 'gpu',
          group: copy + 1,
          item: itemId(image),
          slot: `cpu/${slot}`,
          durationMs: options.msPerImage,
        }
      }
    }
  }
  yield* endOf(options, atMs, prefixes.length, tasks, () => inferences)
}

function* samples(options: FakeRun, atMs: number, running: number, queued: number, round: number): Generator<RunEvent> {
  const busyShare = running / options.slots - (round % 7) * 0.01
  yield {
    type: 'lane.sample',
    atMs,
    lane: 'gpu',
    width: options.slots,
    running,
    queued: Math.max(0, queued),
    busyShare,
  }
  yield {
    type: 'lane.sample',
    atMs,
    lane: 'cpu',
    width: 2,
    running: round % 2,
    queued: 0,
    busyShare: 0.12 + (round % 5) * 0.03,
  }
  yield { type: 'lane.sample', atMs, lane: 'io', width: 4, running: 0, queued: 0, busyShare: 0.02 }
  const residentBytes = (1.6 + (round % 9) * 0.07) * 2 ** 30
  yield { type: 'memory.sample', atMs, residentBytes: Math.round(residentBytes), budgetBytes: 4 * 2 ** 30 }
  if (round === 3) {
    yield {
      type: 'remark',
      atMs,
      step: 'detections',
      item: itemId(round),
      message: '3 boxes without area were dropped',
    }
  }
}

function* endOf(
  options: FakeRun,
  fromMs: number,
  copies: number,
  tasks: { hit: number; done: number; rebuilt: number; failed: number; skipped: number },
  inferences: () => number,
): Generator<RunEvent> {
  let atMs = fromMs
  const outputs: { [name: string]: string } = {}
  for (const [index, step] of ['evaluate', 'submission'].entries()) {
    yield { type: 'step.items', atMs, step, tasks: 1 }
    if (options.status === 'failed') {
      tasks.skipped++
      yield { type: 'task.skipped', atMs, step, tasks: 1, reason: 'an item of its input failed' }
      continue
    }
    yield { type: 'unit.started', atMs, lane: 'cpu', group: copies + 1 + index, item: undefined, slot: 'cpu/0' }
    atMs += 2400
    tasks.done++
    yield {
      type: 'task.done',
      atMs,
      step,
      address: step,
      item: undefined,
      rebuilt: false,
      durationMs: 2400,
      outputBytes: 180_000,
      inferences: 0,
    }
    yield {
      type: 'unit.finished',
      atMs,
      lane: 'cpu',
      group: copies + 1 + index,
      item: undefined,
      slot: 'cpu/0',
      durationMs: 2400,
    }
    const path = `/home/ada/berries/out/${step}.${step === 'evaluate' ? 'json' : 'csv'}`
    outputs[step] = path
    yield { type: 'output.delivered', atMs, name: step, path, files: 1, bytes: 180_000, unchanged: false }
  }
  yield {
    type: 'run.finished',
    atMs,
    status: options.status,
    tasks,
    inferences: inferences(),
    outputs,
    wallMs: atMs - options.startMs,
  }
}

/** Emits the events when their time has come, `speed` times as fast; resolves after the last, or when `stopped` says so. */
export async function play(
  events: Iterable<RunEvent>,
  emit: Emit,
  speed: number,
  stopped: () => boolean,
): Promise<void> {
  const realStartMs = Date.now()
  let offsetMs: number | undefined
  for (const event of events) {
    offsetMs ??= event.atMs
    const dueMs = realStartMs + (event.atMs - offsetMs) / speed
    while (Date.now() < dueMs && !stopped())
      await new Promise(resolve => setTimeout(resolve, Math.min(20, dueMs - Date.now())))
    if (stopped()) return
    emit({ ...event, atMs: Math.round(dueMs) })
  }
}

const BROKEN = {
  code: 'bad-image',
  message: 'The picture is damaged: expected a JPEG of 1600 × 960 pixels, found its end after 312 lines.',
  fix: 'Replace the file, or leave it out of the folder.',
}

function itemId(image: number): string {
  return `berries-${String(image).padStart(4, '0')}`
}
