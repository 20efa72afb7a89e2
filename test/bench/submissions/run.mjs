import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { generate } from './generate.mjs'

/**
 * The chain from leaf and parent CSVs to the joined submission on made-up submissions: detections per second and core,
 * seconds by step, most memory of all processes together. With --python PROGRAM also the same steps in Python, for
 * comparison, and whether both submissions say the same.
 *
 * node test/bench/submissions/run.mjs [--images 1000,10000] [--detections 120] [--python python3] [--keep]
 */
const { values } = parseArgs({
  options: {
    images: { type: 'string', default: '1000' },
    detections: { type: 'string', default: '120' },
    python: { type: 'string' },
    keep: { type: 'boolean', default: false },
  },
})
const at = name => fileURLToPath(new URL(name, import.meta.url))
const root = at('../../..')
const detections = Number(values.detections)

for (const images of values.images.split(',').map(Number)) {
  const folder = mkdtempSync(join(tmpdir(), 'maskloom-submissions-'))
  try {
    await generate(folder, { images, detections })
    writeFileSync(join(folder, 'maskloom.config.yaml'), '')
    mkdirSync(join(folder, 'images'))
    const ours = runOurs(folder)
    const total = 2 * images * detections
    const { cpuMs, wallMs, peakMiB, steps } = ours
    console.log(
      `${images} images, ${total} detections: ${(wallMs / 1000).toFixed(1)} s, ${(cpuMs / 1000).toFixed(1)} s on processors, ` +
        `${Math.round(total / (cpuMs / 1000))} detections per second and core, ${peakMiB} MiB, load ${loadavg()[0].toFixed(1)}`,
    )
    for (const [step, ms] of steps)
      console.log(`  ${step.padEnd(22)} ${(ms / 1000).toFixed(2)} s, ${(ms / images).toFixed(3)} ms per image`)
    if (values.python !== undefined) {
      const started = performance.now()
      const text = execFileSync(values.python, [at('chain.py'), folder, join(folder, 'python.csv')], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const seconds = (performance.now() - started) / 1000
      const theirs = JSON.parse(text)
      console.log(
        `  Python: ${seconds.toFixed(1)} s (${theirs.cpu.toFixed(1)} s on processors), ${Math.round(total / theirs.cpu)} detections per second and core: ` +
          `${(theirs.cpu / (cpuMs / 1000)).toFixed(1)} times our time on processors, ${(seconds / (wallMs / 1000)).toFixed(1)} times our wall time`,
      )
      console.log(`  submissions ${same(folder) ? 'say the same' : 'DIFFER'}`)
    }
  } finally {
    if (values.keep) console.log(folder)
    else rmSync(folder, { recursive: true, force: true })
  }
}

function runOurs(folder) {
  const set = [
    'leaf=leaf',
    'parent=parent',
    'test_list=list.csv',
    'hierarchy=hierarchy.json',
    'classes=classes.csv',
    'parent_classes=self',
    'mask_nms_rule=openimages-2019',
  ]
  const started = performance.now()
  const args = [
    '--import',
    at('measure.mjs'),
    join(root, 'bin.js'),
    'run',
    join(at('.'), 'chain.yaml'),
    '--no-cache',
    '--json',
    '--allow-outside',
    '--out',
    join(folder, 'out'),
    ...set.flatMap(one => ['--set', one]),
  ]
  const { status, stdout, stderr } = spawnSync(process.execPath, args, {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  })
  if (status !== 0) throw new Error(stderr + stdout.slice(-2000))
  const wallMs = performance.now() - started
  const measured = JSON.parse(stderr.trim().split('\n').at(-1))
  const steps = new Map()
  for (const line of stdout.split('\n').filter(Boolean)) {
    const event = JSON.parse(line)
    if (event.type === 'task.done') steps.set(event.step, (steps.get(event.step) ?? 0) + event.durationMs)
  }
  return { wallMs, ...measured, steps }
}

/** Same images, classes and scores, and masks equal after inflating. */
function same(folder) {
  const script = at('compare.py')
  return (
    execFileSync(values.python, [script, join(folder, 'out', 'joined'), join(folder, 'python.csv')], {
      encoding: 'utf8',
    }).trim() === 'same'
  )
}
