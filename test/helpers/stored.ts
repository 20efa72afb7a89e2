import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sha256 } from '../../engine/base/digest.ts'
import type { StoredFile } from '../../engine/contract/node.ts'
import { registry } from '../../nodes/index.ts'

/** A value as a port with `as: 'file'` gets it: encoded by its kind, in a read-only file. */
export function stored(kind: string, value: unknown): StoredFile {
  const content = registry.kinds.get(kind)!.encode(value)
  if (typeof content === 'string') return { kind, sha256: '', path: () => content }
  const path = join(mkdtempSync(join(tmpdir(), 'maskloom-test-')), 'value')
  writeFileSync(path, content, { mode: 0o444 })
  return { kind, sha256: sha256(content), path: () => path }
}
