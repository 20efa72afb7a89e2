import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What the engine costs beyond the graphs: the slope (wall of 100 scenes − wall of 24) of the demo up to `instances`,
 * cold cache, one slot, against the same slope of a script that makes the same graph calls with the same shapes.
 * node test/bench/overhead.mjs FOLDER_WITH_100_SCENES [PAIRS [FEW,MANY]]
 *
 * Wall times need a quiet machine with two cores at least. The CPU time of the busiest thread (in the product: the one
 * that runs graphs) does not: its ratio is what the wall ratio can be at best.
 */
const repository = fileURLToPath(new URL('../..', import.meta.url))
const here = name => fileURLToPath(new URL(name, import.meta.url))
const [scenes, pairs = '5', counts = '24,100'] = process.argv.slice(2)
if (scenes === undefined) throw new Error('give the folder that holds at least 100 scenes')
const project = mkdtempSync(join(tmpdir(), 'maskloom-overhead-'))
writeFileSync(join(project, 'maskloom.config.yaml'), '')
for (const folder of ['pipelines', 'demo']) cpSync(join(repository, folder), join(project, folder), { recursive: true })
const files = readdirSync(scenes).sort()
const sizes = counts.split(',').map(Number)
const [few, many] = sizes
if (files.length < many) throw new Error(`expected at least ${many} scenes in ${scenes}, found ${files.length}`)
for (const size of sizes) {
  mkdirSync(join(project, `scenes-${size}`))
  for (const file of files.slice(0, size)) cpSync(join(scenes, file), join(project, `scenes-${size}`, file))
  mkdirSync(join(project, `record-${size}`))
}

/** Wall time of a command and the most memory it and its children shared out among them (PSS). */
function timed(args, env = {}) {
  return new Promise((resolve, reject) => {
    const startedMs = performance.now()
    const child = spawn(process.execPath, args, {
      cwd: project,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    let peakBytes = 0
    let busiestMs = 0
    const sampling = setInterval(() => {
      peakBytes = Math.max(peakBytes, proportionalBytes(child.pid))
      busiestMs = Math.max(busiestMs, busiestThreadMs(child.pid))
    }, 200)
    child.stdout.on('data', chunk => {
      output += chunk
    })
    child.once('close', code => {
      clearInterval(sampling)
      if (code !== 0) reject(new Error(`${args.join(' ')} ended with ${code}`))
      else
        resolve({
          wallMs: performance.now() - startedMs,
          peakBytes,
          busiestMs,
          last: output.trimEnd().split('\n').at(-1),
        })
    })
  })
}

/** Of a process and its children, from /proc: shared pages count once. 0 where there is no /proc. */
function proportionalBytes(pid) {
  try {
    const own = Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024
    return childrenOf(pid).reduce((sum, child) => sum + proportionalBytes(child), own)
  } catch {
    return 0
  }
}

function busiestThreadMs(pid) {
  try {
    const threads = readdirSync(`/proc/${pid}/task`)
    const own = threads.map(
      thread => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0]) / 1e6,
    )
    return Math.max(...own, ...childrenOf(pid).map(busiestThreadMs))
  } catch {
    return 0
  }
}

function childrenOf(pid) {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
}

async function product(size, env) {
  for (const folder of ['cache', 'out']) rmSync(join(project, folder), { recursive: true, force: true })
  const targets = ['leaf.instances', 'parent.instances']
  const set = ['--set', `images=${join(project, `scenes-${size}`)}`]
  const where = ['--cache', join(project, 'cache'), '--out', join(project, 'out'), '--slots', '1', '--json']
  const run = await timed([join(repository, 'bin.js'), 'run', 'mini-open-images', ...targets, ...set, ...where], env)
  const { inferences } = JSON.parse(run.last)
  if (inferences !== size * 16) throw new Error(`expected ${size * 16} inferences, found ${inferences}`)
  return run
}

async function bare(size) {
  const [record] = readdirSync(join(project, `record-${size}`))
  const run = await timed([
    here('overhead-bare.mjs'),
    join(project, `record-${size}`, record),
    join(project, 'demo', 'models'),
  ])
  return { ...run, wallMs: JSON.parse(run.last).wallMs }
}

const median = values => [...values].sort((a, b) => a - b)[values.length >> 1]
const mebibytes = bytes => `${Math.round(bytes / 2 ** 20)} MiB`

for (const size of sizes) {
  const hook = `--import=${new URL('overhead-record.mjs', import.meta.url).href}`
  await product(size, { NODE_OPTIONS: hook, MASKLOOM_RECORD: join(project, `record-${size}`) })
}
const rows = []
for (let pair = 0; pair < Number(pairs); pair++) {
  const runs = { product: {}, bare: {} }
  for (const size of sizes) {
    runs.product[size] = await product(size)
    runs.bare[size] = await bare(size)
  }
  const slope = (kind, what) => (runs[kind][many][what] - runs[kind][few][what]) / (many - few)
  rows.push({
    runs,
    wall: { product: slope('product', 'wallMs'), bare: slope('bare', 'wallMs') },
    thread: { product: slope('product', 'busiestMs'), bare: slope('bare', 'busiestMs') },
  })
  const { wall, thread } = rows.at(-1)
  console.log(
    `pair ${pair + 1}: ${wall.product.toFixed(1)} ms per scene, bare ${wall.bare.toFixed(1)}, ratio ${(wall.product / wall.bare).toFixed(3)}; busiest thread ${thread.product.toFixed(1)} and ${thread.bare.toFixed(1)} ms of CPU; load ${loadavg()[0].toFixed(1)}`,
  )
}
for (const what of ['wall', 'thread']) {
  const ratio = median(rows.map(row => row[what].product / row[what].bare))
  console.log(`median ratio of slopes, ${what === 'wall' ? 'wall' : 'CPU of the busiest thread'}: ${ratio.toFixed(3)}`)
}
for (const kind of ['product', 'bare']) {
  const fixedMs = median(rows.map(row => row.runs[kind][few].wallMs - few * row.wall[kind]))
  const peaks = sizes.map(
    size => `${mebibytes(median(rows.map(row => row.runs[kind][size].peakBytes)))} (${size} scenes)`,
  )
  console.log(`${kind}: fixed ${Math.round(fixedMs)} ms, peak memory ${peaks.join(', ')}`)
}
rmSync(project, { recursive: true })
