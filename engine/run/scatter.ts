import { compareText, TaskError } from '../base/diagnostic.ts'
import type { Digest } from '../base/digest.ts'
import { sha256 } from '../base/digest.ts'
import { scatteredKey } from '../base/keys.ts'
import { encodeManifest } from '../base/manifest.ts'
import type { Registry } from '../contract/registry.ts'
import type { NewBlob } from '../contract/store.ts'
import { encodeValue } from './encode-value.ts'
import type { Execution } from './unit.ts'
import type { TaskOutcome, WireTask } from './wire.ts'

/**
 * Runs a node that makes items: every yielded item is stored as it comes, under a key of its own, and each per-item
 * port ends as the digest of its manifest.
 */
export async function runScatter(
  yielded: AsyncIterable<{ readonly id: string; readonly outputs: { readonly [port: string]: unknown } }>,
  run: Execution,
  task: WireTask,
  registry: Registry,
  publishItem: (part: Pick<TaskOutcome, 'key' | 'outputs' | 'blobs'>) => Promise<void>,
): Promise<{ readonly digests: { readonly [port: string]: Digest }; readonly blobs: readonly NewBlob[] }> {
  const items: { readonly id: string; readonly digests: { readonly [port: string]: Digest } }[] = []
  const seen = new Set<string>()
  for await (const { id, outputs } of yielded) {
    checkItemId(id, seen, task.address)
    const digests: { [port: string]: Digest } = {}
    const blobs: NewBlob[] = []
    for (const { port, kind } of task.outputs) {
      const blob = await encodeValue(registry.kinds.get(kind)!, outputs[port], `${task.address}.${port} of ${id}`)
      digests[port] = blob.digest
      blobs.push(blob)
    }
    items.push({ id, digests })
    await publishItem({ key: scatteredKey(run.key, id), outputs: digests, blobs })
  }
  items.sort((a, b) => compareText(a.id, b.id))
  const ids = items.map(item => item.id)
  const digests: { [port: string]: Digest } = {}
  const blobs: NewBlob[] = []
  for (const { port } of task.outputs) {
    const bytes = encodeManifest({ ids, digests: items.map(item => item.digests[port]) })
    digests[port] = sha256(bytes)
    blobs.push({ digest: digests[port], sizeBytes: bytes.byteLength, content: bytes })
  }
  return { digests, blobs }
}

/** Nearly all are like this, and need no closer look. */
const plainId = /^[\w-][\w. -]*(?:\/[\w-][\w. -]*)*$/

/** Ids go into file names, manifests and keys. */
export function checkItemId(id: string, seen: Set<string>, address: string): void {
  const complaint = plainId.test(id)
    ? seen.has(id)
      ? 'is there twice'
      : undefined
    : id === ''
      ? 'is empty'
      : /[\p{Cc}]/u.test(id)
        ? 'has control characters'
        : id.split('/').some(part => part === '..' || part === '.' || part === '')
          ? 'has an empty part, `.` or `..`'
          : seen.has(id)
            ? 'is there twice'
            : undefined
  seen.add(id)
  if (complaint === undefined) return
  throw new TaskError({
    code: 'bad-item-id',
    message: `item id ${JSON.stringify(id)} of \`${address}\` ${complaint}`,
    fix: 'ids are unique relative paths without extension; rename the source or choose another id rule',
  })
}
