import { type ChildProcess, execFileSync, fork } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * The store as JavaScript, for child processes: Node 20 cannot load TypeScript. Compiled into a folder of its own under
 * `dist/` (ignored by git, and below `node_modules`' parent, so packages are found).
 */
export interface Compiled {
  /** Writes a module that may import from `./cache/*.js` and `./engine/base/*.js`, and starts it with an IPC channel. */
  readonly start: (source: string, args: readonly string[]) => ChildProcess
  readonly remove: () => void
}

export function compileStore(): Compiled {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  mkdirSync(join(root, 'dist'), { recursive: true })
  const out = mkdtempSync(join(root, 'dist', 'store-test-'))
  const config = join(out, 'tsconfig.json')
  const options = { noEmit: false, allowImportingTsExtensions: false, rootDir: root, outDir: out, noCheck: true }
  writeFileSync(
    config,
    JSON.stringify({ extends: '../../tsconfig.json', compilerOptions: options, include: ['../../cache'] }),
  )
  execFileSync(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', config], {
    stdio: 'pipe',
  })
  let modules = 0
  return {
    start: (source, args) => {
      const path = join(out, `child-${modules++}.mjs`)
      writeFileSync(path, source)
      return fork(path, [...args], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    },
    remove: () => rmSync(out, { recursive: true, force: true }),
  }
}

/** Resolves with the exit code and signal. */
export function ended(child: ChildProcess): Promise<{ code: number | null; signal: NodeJS.Signals | null }> {
  return new Promise(resolve => child.once('exit', (code, signal) => resolve({ code, signal })))
}

/** Resolves with the last of the next `count` messages of a child. */
export function messages(child: ChildProcess, count: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    let left = count
    child.on('message', message => {
      if (--left === 0) resolve(message)
    })
    child.once('exit', code => reject(new Error(`the child ended with ${code}, ${left} messages early`)))
  })
}
