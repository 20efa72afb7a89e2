import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * Three cheap per-item steps and one collection step on items of 1 KB, as a user would run them: a first run, runs with
 * nothing to do, a run after one item changed.
 *
 * node test/bench/scale.mjs [--items 1000,10000] [--form files|index] [--repeats 5] [--keep]
 */
const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000,10000' },
    form: { type: 'string', default: 'files' },
    repeats: { type: 'string', default: '5' },
    keep: { type: 'boolean', default: false },
  },
})
const at = name => fileURLToPath(new URL(name, import.meta.url))
const tasksPerItem = 4

function contentOf(i) {
  const seed = createHash('sha256').update(`item ${i}`).digest('hex')
  return `${seed.repeat(16)}`.slice(0, 1024)
}

const nameOf = i => `${String(i % 1000).padStart(3, '0')}/${String(i).padStart(7, '0')}`

function pipelineOf(form) {
  const source =
    form === 'files'
      ? '{ uses: scale/files, with: { path: texts } }'
      : '{ uses: scale/index, with: { path: texts.jsonl } }'
  return `maskloom: 1
name: scale
steps:
  texts: ${source}
  first: { uses: scale/first, in: { texts: texts.texts } }
  second: { uses: scale/second, in: { texts: first.texts } }
  third: { uses: scale/third, in: { texts: second.texts } }
  count: { uses: scale/count, in: { texts: third.texts } }
outputs: { count: count.text }
`
}

function writeItems(folder, form, items) {
  if (form === 'files') {
    for (let i = 0; i < Math.min(items, 1000); i++)
      mkdirSync(join(folder, 'texts', nameOf(i).slice(0, 3)), { recursive: true })
    for (let i = 0; i < items; i++) writeFileSync(join(folder, 'texts', `${nameOf(i)}.txt`), contentOf(i))
    return
  }
  const file = openSync(join(folder, 'texts.jsonl'), 'w')
  for (let i = 0; i < items; i += 1000) {
    let lines = ''
    for (let j = i; j < Math.min(items, i + 1000); j++)
      lines += `${JSON.stringify({ id: nameOf(j), text: contentOf(j) })}\n`
    writeSync(file, lines)
  }
  closeSync(file)
}

function changeOne(folder, form, round) {
  if (form === 'files') {
    writeFileSync(join(folder, 'texts', `${nameOf(7)}.txt`), contentOf(-1 - round))
    return
  }
  // The first line; all are of one length.
  const file = openSync(join(folder, 'texts.jsonl'), 'r+')
  writeSync(file, JSON.stringify({ id: nameOf(0), text: contentOf(-1 - round) }), 0)
  closeSync(file)
}

function tailOf(path) {
  const file = openSync(path, 'r')
  const { size } = fstatSync(file)
  const bytes = Buffer.alloc(Math.min(size, 4000))
  readSync(file, bytes, 0, bytes.length, size - bytes.length)
  closeSync(file)
  return bytes.toString('utf8')
}

function run(folder) {
  const startedMs = performance.now()
  const args = ['--import', at('scale-peak.mjs'), at('../../bin.js'), 'run', 'pipeline.yaml']
  // A million items say more than a string can hold.
  const said = join(folder, 'events.jsonl')
  const events = openSync(said, 'w')
  const result = spawnSync(process.execPath, [...args, '--nodes', at('scale-nodes.mjs'), '--json'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', events, 'pipe'],
  })
  closeSync(events)
  const wallMs = performance.now() - startedMs
  const tail = tailOf(said)
  if (result.status !== 0) throw new Error(`it ended with ${result.status}: ${result.stderr}${tail}`)
  const last = JSON.parse(tail.trimEnd().split('\n').at(-1))
  const [, peakKiB, cpuMs] = /peak (\d+) cpu ([\d.]+)/.exec(result.stderr)
  return { wallMs, tasks: last.tasks, runMs: last.wallMs, peakMiB: Number(peakKiB) / 1024, cpuMs: Number(cpuMs) }
}

const middle = numbers => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const seconds = ms => (ms / 1000).toFixed(3)

process.stdout.write(
  `node ${process.version}, ${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}, ${values.form}\n`,
)
process.stdout.write(
  'items\tfirst run s\tcpu s\tus (cpu us) per task\tMiB\tnothing to do s (from-to)\tcpu s\tMiB\tone changed s\tcpu s\n',
)
for (const items of values.items.split(',').map(Number)) {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-scale-'))
  writeFileSync(join(folder, 'maskloom.config.yaml'), '')
  writeFileSync(join(folder, 'pipeline.yaml'), pipelineOf(values.form))
  writeItems(folder, values.form, items)
  // A file changed in the last two seconds is not trusted to stay as it is.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2500)
  const first = run(folder)
  const idle = Array.from({ length: Number(values.repeats) }, () => run(folder))
  if (idle.some(one => one.tasks.done > 0)) throw new Error(`something ran again: ${JSON.stringify(idle.at(-1).tasks)}`)
  changeOne(folder, values.form, 0)
  const changed = run(folder)
  const walls = idle.map(one => one.wallMs)
  const perTask = ms => ((ms * 1000) / (items * tasksPerItem + 1)).toFixed(0)
  const row = [
    items,
    seconds(first.wallMs),
    seconds(first.cpuMs),
    `${perTask(first.runMs)} (${perTask(first.cpuMs)})`,
    first.peakMiB.toFixed(0),
    `${seconds(middle(walls))} (${seconds(Math.min(...walls))}-${seconds(Math.max(...walls))})`,
    seconds(middle(idle.map(one => one.cpuMs))),
    Math.max(...idle.map(one => one.peakMiB)).toFixed(0),
    `${seconds(changed.wallMs)} (${changed.tasks.done} ran)`,
    seconds(changed.cpuMs),
  ]
  process.stdout.write(`${row.join('\t')}\n`)
  if (values.keep) process.stdout.write(`kept ${folder}\n`)
  else rmSync(folder, { recursive: true, force: true })
}
