import { createHash } from 'node:crypto'
import { compareText } from '../engine/base/diagnostic.ts'
import type { Digest, Key } from '../engine/base/digest.ts'

/** Hex outside, 32 bytes inside. */
export function toBytes(digest: Digest | Key): Buffer {
  const bytes = Buffer.from(digest, 'hex')
  if (bytes.byteLength !== 32) throw new Error(`internal: ${JSON.stringify(digest)} is not a sha256 in hex`)
  return bytes
}

export function toHex(bytes: Buffer): Digest {
  return bytes.toString('hex')
}

/** The outputs of a task as two columns: port names sorted by code unit, and their digests in the same order. */
export function packOutputs(outputs: { readonly [port: string]: Digest }): { ports: string; digests: Buffer } {
  const names = Object.keys(outputs).sort(compareText)
  for (const name of names) {
    if (name === '' || name.includes(',')) throw new Error(`internal: ${JSON.stringify(name)} cannot name a port`)
  }
  return { ports: names.join(','), digests: Buffer.concat(names.map(name => toBytes(outputs[name] as Digest))) }
}

export function unpackOutputs(ports: string, digests: Buffer): { [port: string]: Digest } {
  const outputs: { [port: string]: Digest } = {}
  const names = ports === '' ? [] : ports.split(',')
  names.forEach((name, i) => {
    outputs[name] = digests.toString('hex', 32 * i, 32 * i + 32)
  })
  return outputs
}

/**
 * First 8 bytes of sha256 over a task row. SQLite does not check the bytes of its pages; a row whose seal does not fit
 * reads as no row, so a flipped bit, or a half-salvaged database, can cost a computation but never give a wrong hit.
 */
export function sealOf(key: Buffer, ports: string, digests: Buffer): Buffer {
  return createHash('sha256').update(key).update(ports).update(digests).digest().subarray(0, 8)
}
