import type { Kind } from '../../engine/contract/kind.ts'

/**
 * The content of a file: bytes, or the path of a finished scratch file (`RunContext.scratchFile`) that the store takes
 * over. A node that receives one always gets bytes.
 */
export type FileValue = Uint8Array | string

export const fileKind: Kind<FileValue> = {
  name: 'file',
  description: 'A file as it is delivered; its format is the business of the node that made it.',
  extension: 'bin',
  encode: value => value,
  decode: bytes => bytes,
}
