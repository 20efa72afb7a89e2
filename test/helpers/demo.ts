import { fileURLToPath } from 'node:url'

/** Absolute path of a file of the demo data set. */
export function demoPath(name: string): string {
  return fileURLToPath(new URL(`../../demo/${name}`, import.meta.url))
}

/** Absolute path of a golden file. */
export function goldenPath(name: string): string {
  return fileURLToPath(new URL(`../golden/${name}`, import.meta.url))
}
