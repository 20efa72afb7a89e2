import { spawn } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * What the engine costs beyond the graphs: the slope (wall of 100 scenes − wall of 24) of the demo up to `instances`,
 * cold cache, one slot, against the same slope of a script that makes the same graph calls with the same shapes.
 * node test/bench/overhead.mjs FOLDER_WITH_100_SCENES [PAIRS]
 */
const repository = fileURLToPath(new URL('../..', import.meta.url))
const here = name => fileURLToPath(new URL(name, import.meta.url))
const [scenes, pairs = '5'] = process.argv.slice(2)
if (scenes === undefined) throw new Error('give the folder that holds at least 100 scenes')
const project = mkdtempSync(join(tmpdir(), 'maskloom-overhead-'))
writeFileSync(join(project, 'maskloom.config.yaml'), '')
for (const folder of ['pipelines', 'demo']) cpSync(join(repository, folder), join(project, folder), { recursive: true })
const files = readdirSync(scenes).sort()
const sizes = [24, 100]
if (files.length < sizes[1]) throw new Error(`expected at least ${sizes[1]} scenes in ${scenes}, found ${files.length}`)
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
    const sampling = setInterval(() => {
      peakBytes = Math.max(peakBytes, proportionalBytes(child.pid))
    }, 200)
    child.stdout.on('data', chunk => {
      output += chunk
    })
    child.once('close', code => {
      clearInterval(sampling)
      if (code !== 0) reject(new Error(`${args.join(' ')} ended with ${code}`))
      else resolve({ wallMs: performance.now() - startedMs, peakBytes, last: output.trimEnd().split('\n').at(-1) })
    })
  })
}

/** Of a process and its children, from /proc: shared pages count once. 0 where there is no /proc. */
function proportionalBytes(pid) {
  try {
    const own = Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) * 1024
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    return children.reduce((sum, child) => sum + proportionalBytes(child), own)
  } catch {
    return 0
  }
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
  const row = { load: loadavg()[0] }
  for (const size of sizes) {
    row[`product${size}`] = await product(size)
    row[`bare${size}`] = await bare(size)
  }
  row.productSlope = (row.product100.wallMs - row.product24.wallMs) / 76
  row.bareSlope = (row.bare100.wallMs - row.bare24.wallMs) / 76
  rows.push(row)
  console.log(
    `pair ${pair + 1}: product ${row.productSlope.toFixed(1)} ms per scene, bare ${row.bareSlope.toFixed(1)}, ratio ${(row.productSlope / row.bareSlope).toFixed(3)}, load ${row.load.toFixed(1)}`,
  )
}
const ratio = median(rows.map(row => row.productSlope / row.bareSlope))
const fixed = kind => median(rows.map(row => row[`${kind}24`].wallMs - 24 * row[`${kind}Slope`]))
console.log(`median ratio of slopes: ${ratio.toFixed(3)}`)
for (const kind of ['product', 'bare']) {
  const peaks = sizes.map(size => `${mebibytes(median(rows.map(row => row[`${kind}${size}`].peakBytes)))} (${size})`)
  console.log(
    `${kind}: ${median(rows.map(row => row[`${kind}Slope`])).toFixed(1)} ms per scene, fixed ${Math.round(fixed(kind))} ms, peak memory ${peaks.join(', ')}`,
  )
}
rmSync(project, { recursive: true })
