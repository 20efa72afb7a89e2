import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { exports, files } = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
  readonly exports: { readonly [path: string]: string | { readonly types: string; readonly default: string } }
  readonly files: readonly string[]
}

/** [`maskloom/kernels/nms`, `./dist/nodes/kernels/nms.js`], …: every module and file that can be imported. */
const targets = Object.entries(exports).flatMap(([path, target]) => {
  const paths = typeof target === 'string' ? [target] : [target.default, target.types]
  return paths.flatMap(file => {
    const [before = '', after] = file.split('*')
    if (after === undefined) return [[path.replace('.', 'maskloom'), file] as const]
    return readdirSync(root + before, { recursive: true, encoding: 'utf8' })
      .filter(name => name.endsWith(after) && name.includes('.'))
      .map(name => name.slice(0, name.length - after.length))
      .map(name => [path.replace('.', 'maskloom').replace('*', name), before + name + after] as const)
  })
})

it('every path of the exports leads to a file that is published', () => {
  expect(targets.length).toBeGreaterThan(100)
  for (const [name, file] of targets) {
    expect(existsSync(root + file), `${name} → ${file}`).toBe(true)
    const isPublished = file === './package.json' || files.some(folder => file.startsWith(`./${folder}/`))
    expect(isPublished, `${name} → ${file}`).toBe(true)
  }
})

it('every module of the exports can be imported by its name, and does nothing but export', () => {
  const modules = targets.filter(([, file]) => file.endsWith('.js')).map(([name]) => name)
  const script = `
    const handlers = () => process.eventNames().sort().join()
    const before = handlers()
    const empty = []
    for (const name of ${JSON.stringify(modules)}) {
      const found = Object.keys(await import(name))
      if (found.includes('default')) throw new Error(name + ' has a default export')
      if (found.length === 0) empty.push(name)
    }
    if (handlers() !== before) throw new Error('listeners on process: ' + handlers())
    console.log(JSON.stringify(empty))`
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, encoding: 'utf8' })
  // A module of types alone is empty when it runs.
  const empty = JSON.parse(printed) as readonly string[]
  for (const name of empty) expect(name).toMatch(/^maskloom\/(?:values|kernels)\//)
})

it('what is not exported cannot be imported', () => {
  const script = "await import('maskloom/dist/engine/cli/main.js')"
  expect(() =>
    execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root, stdio: 'pipe' }),
  ).toThrow(/ERR_PACKAGE_PATH_NOT_EXPORTED/)
})
