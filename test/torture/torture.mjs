import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { digestTree, faultsOf, resultsOf } from './inspect.mjs'
import { live } from './life.mjs'
import { projects, writeProject } from './projects.mjs'

/**
 * Kills runs with SIGKILL at random moments, again and again on the same cache, up to ten times before each completion,
 * and compares what comes out with runs that nobody disturbed. Nothing is repaired in between: a run is started, that
 * is all. `node test/torture/torture.mjs --kills 500 [--seed N] [--minutes 60] [--quiet]`; needs `npm run build`.
 * Ends with the counter, and with exit code 1 if a single thing was wrong or time ran out.
 */
const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '500' },
    seed: { type: 'string', default: `${Date.now() % 1_000_000}` },
    minutes: { type: 'string', default: '60' },
    quiet: { type: 'boolean', default: false },
  },
})
const wantedKills = Number(options.kills)
const endMs = Date.now() + Number(options.minutes) * 60_000
const random = generator(Number(options.seed))
const say = text => options.quiet || process.stdout.write(`${text}\n`)
const startedMs = Date.now()

const count = {
  kills: 0,
  byKind: { run: 0, group: 0, worker: 0, commit: 0 },
  lives: 0,
  completions: 0,
  longestChain: 0,
  wrongOrTruncated: 0,
  otherFaults: 0,
  differentOutputs: 0,
  failedCompletions: 0,
}

const references = new Map()
for (const [name, project] of Object.entries(projects)) references.set(name, await undisturbed(name, project))
for (let chain = 0; count.kills < wantedKills && Date.now() < endMs; chain++) {
  const names = [...references.keys()]
  await runChain(names[chain % names.length])
}
report()

/** Outputs, results, number of steps by which the store changes the disk, and duration of a run left alone. */
async function undisturbed(name, project) {
  const folder = mkdtempSync(join(tmpdir(), 'torture-'))
  try {
    writeProject(project, folder)
    const beganMs = performance.now()
    const run = await live(folder, undefined, join(folder, 'steps'))
    if (run.code !== 0)
      throw new Error(`the undisturbed run of ${name} failed: ${run.errors}${JSON.stringify(run.events.at(-1))}`)
    const wallMs = performance.now() - beganMs
    const steps = Number(readFileSync(join(folder, 'steps'), 'utf8'))
    say(`${name}: ${(wallMs / 1000).toFixed(1)} s undisturbed, ${steps} steps of the store`)
    return { outputs: digestTree(join(folder, 'out')), results: resultsOf(folder), wallMs, steps }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function runChain(name) {
  const reference = references.get(name)
  const folder = mkdtempSync(join(tmpdir(), 'torture-'))
  const wanted = Math.min(1 + Math.floor(random() * 10), wantedKills - count.kills)
  let kills = 0
  let last
  try {
    writeProject(projects[name], folder)
    do {
      const kill = kills < wanted ? chooseKill(reference, kills) : undefined
      last = await live(folder, kill)
      count.lives++
      if (kill !== undefined) count.byKind[kill.kind] += last.kills
      kills += last.kills
    } while (last.signal === 'SIGKILL')
    count.kills += kills
    count.completions++
    count.longestChain = Math.max(count.longestChain, kills)
    judge(name, folder, reference, last)
    say(`${count.kills} of ${wantedKills} kills: ${name} came through ${kills}`)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The more of a pipeline is stored, the sooner the next run is over, and the sooner it must be killed. */
function chooseKill({ wallMs, steps }, killsBefore) {
  const kind = pick(['run', 'run', 'group', 'group', 'worker', 'commit', 'commit', 'commit'])
  const left = Math.max(0.2, 0.9 - 0.12 * killsBefore)
  if (kind === 'commit') {
    return { kind, step: 1 + Math.floor(random() * steps * 0.5 * left), how: pick(['before', 'during', 'after']) }
  }
  return { kind, afterMs: (0.2 + (0.1 + 0.6 * random()) * left) * wallMs }
}

function judge(name, folder, reference, last) {
  const tell = text => process.stdout.write(`FAULT ${name} (seed ${options.seed}, ${count.kills} kills): ${text}\n`)
  if (last.code !== 0) {
    count.failedCompletions++
    tell(`the run ended with exit code ${last.code}: ${last.errors}${JSON.stringify(last.events.at(-1))}`)
    return
  }
  for (const { type, message } of last.events) {
    if (type !== 'remark' || !/damaged|set aside|not deterministic|another result/.test(message)) continue
    count.otherFaults++
    tell(message)
  }
  const outputs = digestTree(join(folder, 'out'))
  if (JSON.stringify(outputs) !== JSON.stringify(reference.outputs)) {
    count.differentOutputs++
    tell('the outputs differ from those of the undisturbed run')
  }
  for (const fault of faultsOf(folder, reference.results)) {
    if (/^(wrong|truncated)/.test(fault)) count.wrongOrTruncated++
    else count.otherFaults++
    tell(fault)
  }
}

function report() {
  const { kills, byKind, completions, wrongOrTruncated, otherFaults, differentOutputs, failedCompletions } = count
  const seconds = Math.round((Date.now() - startedMs) / 1000)
  const same = completions - differentOutputs - failedCompletions
  process.stdout.write(
    `${kills} kills (${byKind.run} of runs, ${byKind.group} of runs with their workers, ${byKind.worker} of workers, ` +
      `${byKind.commit} inside commits) in ${count.lives} runs, at most ${count.longestChain} before a completion: ` +
      `${wrongOrTruncated} wrong or truncated hits, ${otherFaults} other faults, 0 manual repairs, ` +
      `outputs of ${same} of ${completions} completed runs byte-identical; ${seconds} s, seed ${options.seed}\n`,
  )
  const enough = kills >= wantedKills
  if (!enough) process.stdout.write(`time ran out before ${wantedKills} kills\n`)
  process.exitCode = enough && wrongOrTruncated + otherFaults + differentOutputs + failedCompletions === 0 ? 0 : 1
}

function pick(list) {
  return list[Math.floor(random() * list.length)]
}

/** mulberry32: the same seed kills at the same moments, as far as a machine allows. */
function generator(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}
