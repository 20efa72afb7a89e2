import type { RgbPixels } from '../values/read-image.ts'
import type { Canvas } from './canvas.ts'

/** A picture scaled so that its longer side is `longerSidePx`, as a canvas of its own. */
export async function scaledCanvas({ rgb, widthPx, heightPx }: RgbPixels, longerSidePx: number): Promise<Canvas> {
  const factor = longerSidePx / Math.max(widthPx, heightPx)
  const width = Math.max(1, Math.round(widthPx * factor))
  const height = Math.max(1, Math.round(heightPx * factor))
  const { default: sharp } = await import('sharp')
  const pixels = await sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .resize(width, height, { fit: 'fill', kernel: 'cubic' })
    .raw()
    .toBuffer()
  return { rgb: new Uint8Array(pixels), widthPx: width, heightPx: height }
}

/** JPEG without colour subsampling, which would blur thin coloured lines. */
export async function encodeJpeg({ rgb, widthPx, heightPx }: Canvas, quality: number): Promise<Uint8Array> {
  const { default: sharp } = await import('sharp')
  return sharp(rgb, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .jpeg({ quality, chromaSubsampling: '4:4:4' })
    .toBuffer()
}
