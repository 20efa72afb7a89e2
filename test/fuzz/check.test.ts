import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeEach, expect, it } from 'vitest'
import { check } from '../../engine/api/check.ts'
import { codes } from '../../engine/base/codes.ts'
import { mutated, randomNumbers } from './mutate.ts'

/** The short form; `npm run fuzz` makes 10,000, with a seed of its own if FUZZ_SEED gives one. */
const count = Number(process.env['FUZZ_COUNT'] ?? 500)
const seed = Number(process.env['FUZZ_SEED'] ?? 20_250_601)

/** On a processor, not by the clock: other programs are none of its business. */
const longestMs = 1000

const repository = fileURLToPath(new URL('../..', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'maskloom-fuzz-'))
beforeEach(() => {
  cpSync(join(repository, 'demo'), join(folder, 'demo'), { recursive: true })
  cpSync(join(repository, 'pipelines'), join(folder, 'pipelines'), { recursive: true })
  writeFileSync(join(folder, 'maskloom.config.yaml'), '')
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** What it found. */
it.each([
  ['models/L2', 'models/nothing', 'missing-file'],
  ['items: path', "items: path'", 'bad-value'],
])('`%s` changed to `%s` is a problem with a place', async (from, to, code) => {
  const path = join(folder, 'pipelines', 'zoo-reference.yaml')
  const text = readFileSync(path, 'utf8')
  expect(text).toContain(from)
  writeFileSync(path, text.replace(from, to))
  const { problems } = await check(path, { directory: folder, cache: join(folder, 'cache'), environment: {} })
  expect(problems.map(problem => problem.code)).toContain(code)
  expect(problems.every(problem => problem.at !== undefined)).toBe(true)
})

it(`${count} mutated pipelines are checked without a crash or a halt, and every problem has a place`, {
  timeout: Math.max(120_000, count * 400),
}, async () => {
  const sources = readdirSync(join(folder, 'pipelines'))
    .filter(name => name.endsWith('.yaml'))
    .sort()
    .map(name => readFileSync(join(folder, 'pipelines', name), 'utf8'))
  const words = [...new Set(sources.flatMap(text => text.match(/[\w./-]+/g) ?? []))]
  const path = join(folder, 'pipelines', 'fuzzed.yaml')
  const options = { directory: folder, cache: join(folder, 'cache'), environment: {} }
  for (const text of sources) {
    writeFileSync(path, text)
    await check(path, options)
  }

  const random = randomNumbers(seed)
  const faults: string[] = []
  const found = new Map<string, number>()
  let slowestMs = 0
  for (let n = 0; n < count; n++) {
    const text = mutated(sources[random(sources.length)]!, words, random)
    writeFileSync(path, text)
    const read = readFileSync(path, 'utf8')
    const before = process.cpuUsage()
    const report = await check(path, options).catch((error: unknown) => error as Error)
    const { user, system } = process.cpuUsage(before)
    slowestMs = Math.max(slowestMs, (user + system) / 1000)
    if ((user + system) / 1000 > longestMs) fault(n, text, `took ${(user + system) / 1000} ms`)
    if (report instanceof Error) {
      fault(n, text, `crashed: ${report.stack}`)
      continue
    }
    for (const problem of report.problems) {
      const { code, message, at } = problem
      found.set(code, (found.get(code) ?? 0) + 1)
      const inside =
        at !== undefined && at.start >= 0 && at.end >= at.start && (at.file !== path || at.end <= read.length)
      if (!inside) fault(n, text, `no place: ${JSON.stringify(problem)}`)
      if (!(code in codes)) fault(n, text, `unknown code: ${code}`)
      if (/\bundefined\b|\[object |internal:|\bNaN\b/.test(message)) fault(n, text, `odd words: ${message}`)
    }
  }
  const kinds = [...found].sort(([, a], [, b]) => b - a)
  if (count > 500) process.stdout.write(`seed ${seed}, slowest ${slowestMs.toFixed(0)} ms\n${JSON.stringify(kinds)}\n`)
  expect(faults.slice(0, 5).join('\n\n'), `${faults.length} faults`).toBe('')
  expect(found.size).toBeGreaterThan(8)

  function fault(n: number, text: string, what: string): void {
    faults.push(`mutation ${n} of seed ${seed}: ${what}\n${faults.length < 5 ? text : ''}`)
  }
})
