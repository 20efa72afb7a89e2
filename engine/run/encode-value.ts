import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { type Digest, sha256 } from '../base/digest.ts'
import type { Kind } from '../contract/kind.ts'
import type { NewBlob } from '../contract/store.ts'

/** Bytes (or a scratch file) with their digest. */
export async function encodeValue(kind: Kind, value: unknown, what: string): Promise<NewBlob> {
  if (value === undefined) throw new Error(`internal: ${what} was asked for and not made`)
  const content = kind.encode(value)
  if (typeof content === 'string') {
    return { digest: await fileDigest(content), sizeBytes: statSync(content).size, content: { scratchPath: content } }
  }
  return { digest: sha256(content), sizeBytes: content.byteLength, content }
}

async function fileDigest(path: string): Promise<Digest> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
  return hash.digest('hex')
}
