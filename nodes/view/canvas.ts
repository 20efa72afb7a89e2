import type { Rgb } from './palette.ts'
import { glyphHeightPx, glyphRows, glyphWidthPx } from './pixel-font.ts'

/** Pixels to draw on: row-major RGB. Everything drawn is clipped to it. */
export interface Canvas {
  readonly rgb: Uint8Array
  readonly widthPx: number
  readonly heightPx: number
}

export function newCanvas(widthPx: number, heightPx: number, [red, green, blue]: Rgb): Canvas {
  const rgb = new Uint8Array(widthPx * heightPx * 3)
  for (let at = 0; at < rgb.length; at += 3) rgb.set([red, green, blue], at)
  return { rgb, widthPx, heightPx }
}

/** Mixes `color` into one pixel that is on the canvas; `alpha` 1 replaces it. */
export function blendPixel({ rgb, widthPx }: Canvas, x: number, y: number, color: Rgb, alpha: number): void {
  const at = 3 * (y * widthPx + x)
  for (let channel = 0; channel < 3; channel++) {
    rgb[at + channel] = Math.round(rgb[at + channel]! * (1 - alpha) + color[channel]! * alpha)
  }
}

/** The rectangle [x, x + width) × [y, y + height), whole pixels. */
export function fillRect(
  canvas: Canvas,
  x: number,
  y: number,
  width: number,
  height: number,
  color: Rgb,
  alpha = 1,
): void {
  const right = Math.min(canvas.widthPx, x + width)
  const bottom = Math.min(canvas.heightPx, y + height)
  for (let row = Math.max(0, y); row < bottom; row++) {
    for (let column = Math.max(0, x); column < right; column++) blendPixel(canvas, column, row, color, alpha)
  }
}

/** A frame of `thicknessPx` inside the rectangle. */
export function strokeRect(
  canvas: Canvas,
  x: number,
  y: number,
  width: number,
  height: number,
  thicknessPx: number,
  color: Rgb,
): void {
  const inner = Math.max(0, height - 2 * thicknessPx)
  fillRect(canvas, x, y, width, thicknessPx, color)
  fillRect(canvas, x, y + height - thicknessPx, width, thicknessPx, color)
  fillRect(canvas, x, y + thicknessPx, thicknessPx, inner, color)
  fillRect(canvas, x + width - thicknessPx, y + thicknessPx, thicknessPx, inner, color)
}

/** Copies `source` with its top left corner at x, y; it must fit. */
export function pasteCanvas(canvas: Canvas, source: Canvas, x: number, y: number): void {
  const rowBytes = 3 * source.widthPx
  for (let row = 0; row < source.heightPx; row++) {
    canvas.rgb.set(source.rgb.subarray(row * rowBytes, (row + 1) * rowBytes), 3 * ((y + row) * canvas.widthPx + x))
  }
}

/** [width, height] of one line of text at `scale` canvas pixels for a font pixel. */
export function textSizePx(text: string, scale: number): readonly [number, number] {
  return [scale * (text.length * (glyphWidthPx + 1) - 1), scale * glyphHeightPx]
}

/** One line with its top left corner at x, y. */
export function drawText(canvas: Canvas, text: string, x: number, y: number, scale: number, color: Rgb): void {
  for (const [position, character] of [...text].entries()) {
    const left = x + scale * position * (glyphWidthPx + 1)
    for (const [row, bits] of glyphRows(character).entries()) {
      for (let column = 0; column < glyphWidthPx; column++) {
        if ((bits >> (glyphWidthPx - 1 - column)) & 1) {
          fillRect(canvas, left + scale * column, y + scale * row, scale, scale, color)
        }
      }
    }
  }
}
