import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The same work by several engines, one after the other in one run: N files of 1 KB, each copied by a step of its own.
 * First run (not timed for the comparison), then with nothing to do, then after one file changed.
 *
 * node test/bench/peers/peers.mjs [ITEMS,ITEMS] [FOLDER_WITH_NODE_MODULES] [FOLDER_WITH_PYTHON_PROGRAMS]
 * What is not installed is left out.
 */
const [sizes = '1000,10000', npmFolder = '', pythonFolder = ''] = process.argv.slice(2)
const at = name => fileURLToPath(new URL(name, import.meta.url))
const longestMs = 150_000
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
}

function timed({ command, environment }, folder) {
  const [program] = command
  const startedMs = performance.now()
  const result = spawnSync('bash', ['-c', 'TIMEFORMAT="cpu %U %S"; time "$@"', 'bash', ...command], {
    cwd: folder,
    encoding: 'utf8',
    timeout: longestMs,
    maxBuffer: 2 ** 30,
    env: { ...process.env, ...environment },
  })
  if (result.error?.code === 'ETIMEDOUT') return undefined
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
  const program = engine.program ?? engine.command[0]
  if (program.includes('/') ? !existsSync(program) : spawnSync('which', [program]).status !== 0) {
    process.stdout.write(`${name}\tnot installed\n`)
    continue
  }
  for (const items of sizes.split(',').map(Number)) {
    const folder = mkdtempSync(join(tmpdir(), `peer-${name}-`))
    try {
      mkdirSync(join(folder, 'in'))
      for (const file of names(items)) writeFileSync(join(folder, 'in', `${file}.txt`), `${file} `.repeat(128))
      engine.write(folder, items)
      const first = timed(engine, folder)
      if (first === undefined) {
        process.stdout.write(`${name}\t${items}\t${times([first])}\tnot measured\n`)
        continue
      }
      const idle = Array.from({ length: repeats }, () => timed(engine, folder))
      writeFileSync(join(folder, 'in', 'f000007.txt'), 'changed')
      const changed = timed(engine, folder)
      process.stdout.write(`${[name, items, times([first]), times(idle), times([changed])].join('\t')}\n`)
    } catch (error) {
      process.stdout.write(`${name}\t${items}\tfailed: ${String(error).split('\n')[0].slice(0, 200)}\n`)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}
