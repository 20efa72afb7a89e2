import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * The same work by several engines, one after the other in one run: N files of 1 KB, each copied by a step of its own.
 * First run (not timed for the comparison), then with nothing to do, then after one file changed.
 *
 * node test/bench/peers/peers.mjs [--items 1000,10000] [--only make,redun] [--minutes 4]
 *   [--npm FOLDER_WITH_NODE_MODULES] [--python FOLDER_WITH_PROGRAMS]
 *
 * `npm install wireit turbo nx` in the one folder, `pip install dvc snakemake redun` into a virtual environment for the
 * other. What is not installed is left out; what takes longer than `--minutes` for one run is stopped, and so is a size
 * that would, by what the size before took.
 */
const { values } = parseArgs({
  options: {
    items: { type: 'string', default: '1000,10000' },
    only: { type: 'string', default: '' },
    minutes: { type: 'string', default: '4' },
    npm: { type: 'string', default: '' },
    python: { type: 'string', default: '' },
  },
})
const npmFolder = values.npm
const pythonFolder = values.python
const only = values.only.split(',').filter(name => name !== '')
const at = name => fileURLToPath(new URL(name, import.meta.url))
const longestMs = Number(values.minutes) * 60_000
const repeats = 3

const names = items => Array.from({ length: items }, (_, i) => `f${String(i).padStart(6, '0')}`)

const engines = {
  maskloom: {
    write(folder) {
      writeFileSync(join(folder, 'maskloom.config.yaml'), '')
      writeFileSync(
        join(folder, 'pipeline.yaml'),
        `maskloom: 1
name: copy
steps:
  texts: { uses: scale/files, with: { path: in } }
  first: { uses: scale/first, in: { texts: texts.texts } }
  count: { uses: scale/count, in: { texts: first.texts } }
outputs: { count: count.text }
`,
      )
    },
    command: [
      process.execPath,
      at('../../../bin.js'),
      ...['run', 'pipeline.yaml', '--plain', '--nodes', at('../scale-nodes.mjs')],
    ],
  },
  make: {
    write(folder, items) {
      writeFileSync(
        join(folder, 'Makefile'),
        `all: ${names(items)
          .map(name => `out/${name}.txt`)
          .join(' ')}\nout/%.txt: in/%.txt\n\t@cp $< $@\n`,
      )
      mkdirSync(join(folder, 'out'))
    },
    command: ['make', '-s', '-j2'],
  },
  snakemake: {
    write(folder, items) {
      writeFileSync(
        join(folder, 'Snakefile'),
        `names = ["f%06d" % i for i in range(${items})]
rule all:
    input: expand("out/{name}.txt", name=names)
rule copy:
    input: "in/{name}.txt"
    output: "out/{name}.txt"
    run: open(output[0], "w").write(open(input[0]).read())
`,
      )
    },
    command: [join(pythonFolder, 'snakemake'), '--cores', '2', '--quiet'],
  },
  redun: {
    write(folder, items) {
      writeFileSync(
        join(folder, 'workflow.py'),
        `from redun import task, File
redun_namespace = "copy"
@task()
def copy(source):
    return source.read().upper()
@task()
def main():
    return [copy(File("in/f%06d.txt" % i)) for i in range(${items})]
`,
      )
    },
    command: [join(pythonFolder, 'redun'), 'run', 'workflow.py', 'main'],
  },
  wireit: {
    write(folder, items) {
      const tasks = Object.fromEntries(
        names(items).map(name => [
          name,
          { command: `cp in/${name}.txt out/${name}.txt`, files: [`in/${name}.txt`], output: [`out/${name}.txt`] },
        ]),
      )
      mkdirSync(join(folder, 'out'))
      const scripts = Object.fromEntries(['all', ...names(items)].map(name => [name, 'wireit']))
      const wireit = { ...tasks, all: { dependencies: names(items) } }
      writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'copy', version: '1.0.0', scripts, wireit }))
    },
    command: ['npm', 'run', 'all', '--silent'],
    environment: { PATH: `${join(npmFolder, 'node_modules', '.bin')}:${process.env.PATH}` },
    program: join(npmFolder, 'node_modules', '.bin', 'wireit'),
  },
  // Knows packages, not items: each file is a package with a task.
  turbo: {
    write(folder, items) {
      writeJson(folder, 'package.json', {
        name: 'copy',
        version: '1.0.0',
        private: true,
        packageManager: 'npm@10.8.2',
        workspaces: ['in/*'],
      })
      writeJson(folder, 'package-lock.json', { name: 'copy', lockfileVersion: 3, packages: {} })
      writeJson(folder, 'turbo.json', { tasks: { copy: { inputs: ['in.txt'], outputs: ['out.txt'] } } })
      for (const name of names(items)) {
        const scripts = { copy: 'cp in.txt out.txt' }
        writeJson(folder, `in/${name}/package.json`, { name, version: '1.0.0', scripts })
      }
    },
    fileOf: name => join('in', name, 'in.txt'),
    command: [join(npmFolder, 'node_modules', '.bin', 'turbo'), 'run', 'copy', '--output-logs=none', '--no-daemon'],
    environment: { TURBO_TELEMETRY_DISABLED: '1', TURBO_SCM_BASE: '' },
  },
  nx: {
    write(folder, items) {
      symlinkSync(join(npmFolder, 'node_modules'), join(folder, 'node_modules'))
      writeJson(folder, 'package.json', { name: 'copy', version: '1.0.0', private: true })
      writeJson(folder, 'nx.json', { defaultBase: 'main', parallel: 2, analytics: false })
      for (const name of names(items)) {
        const copy = {
          command: `cp in/${name}/in.txt in/${name}/out.txt`,
          cache: true,
          inputs: ['{projectRoot}/in.txt'],
          outputs: ['{projectRoot}/out.txt'],
        }
        writeJson(folder, `in/${name}/project.json`, { name, targets: { copy } })
      }
    },
    fileOf: name => join('in', name, 'in.txt'),
    command: [
      join(npmFolder, 'node_modules', '.bin', 'nx'),
      ...['run-many', '-t', 'copy', '--outputStyle=static', '--parallel=2'],
    ],
    environment: { NX_DAEMON: 'false', NX_NO_CLOUD: 'true' },
  },
  dvc: {
    write(folder, items) {
      const stages = names(items).map(
        name =>
          `  ${name}:\n    cmd: cp in/${name}.txt out/${name}.txt\n    deps: [in/${name}.txt]\n    outs: [out/${name}.txt]\n`,
      )
      writeFileSync(join(folder, 'dvc.yaml'), `stages:\n${stages.join('')}`)
      mkdirSync(join(folder, 'out'))
      spawnSync(join(pythonFolder, 'dvc'), ['init', '--no-scm', '-q'], { cwd: folder })
      spawnSync(join(pythonFolder, 'dvc'), ['config', 'core.analytics', 'false'], { cwd: folder })
    },
    command: [join(pythonFolder, 'dvc'), 'repro', '-q'],
  },
}

function writeJson(folder, path, content) {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), JSON.stringify(content))
}

function timed({ command, environment }, folder) {
  const [program] = command
  // With everything it started: some of these outlive the one who is waited for.
  const limit = ['timeout', '-k', '5', `${longestMs / 1000}`]
  const startedMs = performance.now()
  const result = spawnSync('bash', ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', ...limit, ...command], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    env: { ...process.env, ...environment },
  })
  if (result.status === 124 || result.status === 137) return undefined
  if (result.status !== 0) throw new Error(`${program}: ${result.status} ${result.stderr?.slice(-600)}`)
  const [, user, system] = /cpu ([\d.]+) ([\d.]+)\s*$/.exec(result.stderr)
  return { wallMs: performance.now() - startedMs, cpuMs: (Number(user) + Number(system)) * 1000 }
}

const middle = numbers => numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)]
const seconds = ms => (ms / 1000).toFixed(2)
/** Wall, and time on processors, which says more on a busy machine. */
const times = runs =>
  runs.includes(undefined)
    ? `> ${longestMs / 1000}`
    : `${seconds(middle(runs.map(run => run.wallMs)))} (${seconds(middle(runs.map(run => run.cpuMs)))})`

process.stdout.write(
  `${availableParallelism()} cores, load ${loadavg()[0].toFixed(1)}\nengine\titems\tfirst s (cpu s)\tnothing to do\tone changed\n`,
)
for (const [name, engine] of Object.entries(engines)) {
  if (only.length > 0 && !only.includes(name)) continue
  const program = engine.program ?? engine.command[0]
  if (program.includes('/') ? !existsSync(program) : spawnSync('which', [program]).status !== 0) {
    process.stdout.write(`${name}\tnot installed\n`)
    continue
  }
  const fileOf = engine.fileOf ?? (file => join('in', `${file}.txt`))
  let msPerItem = 0
  for (const items of values.items.split(',').map(Number)) {
    if (msPerItem * items > longestMs) {
      process.stdout.write(`${name}\t${items}\tleft out: about ${Math.round((msPerItem * items) / 1000)} s\n`)
      continue
    }
    const folder = mkdtempSync(join(tmpdir(), `peer-${name}-`))
    try {
      mkdirSync(join(folder, 'in'))
      engine.write(folder, items)
      for (const file of names(items)) writeFileSync(join(folder, fileOf(file)), `${file} `.repeat(128))
      const first = timed(engine, folder)
      if (first === undefined) {
        process.stdout.write(`${name}\t${items}\t${times([first])}\tnot measured\n`)
        break
      }
      msPerItem = first.wallMs / items
      const idle = Array.from({ length: repeats }, () => timed(engine, folder))
      writeFileSync(join(folder, fileOf('f000007')), 'changed')
      const changed = timed(engine, folder)
      process.stdout.write(`${[name, items, times([first]), times(idle), times([changed])].join('\t')}\n`)
    } catch (error) {
      process.stdout.write(`${name}\t${items}\tfailed: ${String(error).split('\n')[0].slice(0, 200)}\n`)
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
    }
  }
}
