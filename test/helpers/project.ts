import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, onTestFinished } from 'vitest'

/** A project folder with these files (relative path → text), removed when the test is over. */
export function project(files: { readonly [path: string]: string } = {}): string {
  const folder = make(files)
  onTestFinished(() => remove(folder))
  return folder
}

/** The same for all tests of a file; for its top level. */
export function temporaryProject(files: { readonly [path: string]: string } = {}): string {
  const folder = make(files)
  afterAll(() => remove(folder))
  return folder
}

function make(files: { readonly [path: string]: string }): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'maskloom-project-')))
  write(folder, { 'maskloom.config.yaml': '', ...files })
  return folder
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 })
}

export function write(folder: string, files: { readonly [path: string]: string }): void {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
}
