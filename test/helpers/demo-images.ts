import { readFile } from 'node:fs/promises'
import { sha256 } from '../../engine/base/digest.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { demoPath } from './demo.ts'
import type { DemoFile } from './demo-truth.ts'

/** The demo's pictures as references, and where their bytes are. */
export async function demoImages(
  file: DemoFile,
): Promise<{ refs: { [id: string]: ImageRef }; sources: { [sha256: string]: string } }> {
  const refs: { [id: string]: ImageRef } = {}
  const sources: { [sha256: string]: string } = {}
  for (const { file_name, width, height } of file.images) {
    const path = demoPath(`images/${file_name}`)
    const digest = sha256(await readFile(path))
    sources[digest] = path
    refs[file_name.replace('.jpg', '')] = {
      sha256: digest,
      widthPx: width,
      heightPx: height,
      channels: 3,
      bitDepth: 8,
      format: 'jpeg',
    }
  }
  return { refs, sources }
}
