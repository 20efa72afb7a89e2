import { readFile } from 'node:fs/promises'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { MaskSet } from '../kernels/masks.ts'
import { encodeDense } from '../kernels/rle.ts'

/**
 * One mask from a picture file at its own size: every grey value above 0 is foreground; alpha and other channels than
 * the grey one do not count.
 * @param where the row that names it.
 * @throws TaskError when the file is missing or no picture.
 */
export async function readMaskPicture(path: string, where: string): Promise<MaskSet> {
  const { default: sharp } = await import('sharp')
  try {
    const bytes = await readFile(path)
    const { data, info } = await sharp(bytes, { failOn: 'error', ignoreIcc: true })
      .removeAlpha()
      .toColourspace('b-w')
      .extractChannel(0)
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true })
    return encodeDense(data, [info.height, info.width], 'row-major')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new TaskError({ code: 'bad-file', message: `${where}: mask ${path} cannot be read: ${reason}` }, { cause })
  }
}
