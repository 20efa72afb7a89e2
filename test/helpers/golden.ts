import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'

/** A gzip-compressed JSON file below `test/golden/`. The caller names its type; the generating script is beside it. */
export function readGolden<T>(path: string): T {
  const file = new URL(`../golden/${path}`, import.meta.url)
  return JSON.parse(gunzipSync(readFileSync(file)).toString()) as T
}
