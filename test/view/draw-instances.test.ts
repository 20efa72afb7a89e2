import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Canvas, drawText, fillRect, newCanvas, strokeRect, textSizePx } from '../../nodes/view/canvas.ts'
import { drawInstances } from '../../nodes/view/draw-instances.ts'
import { classColor, inkOn, type Rgb } from '../../nodes/view/palette.ts'
import { glyphRows } from '../../nodes/view/pixel-font.ts'
import { type BoxSpec, boxInstances } from '../helpers/instances.ts'

const white: Rgb = [255, 255, 255]
const red: Rgb = [255, 0, 0]
const blue: Rgb = [0, 0, 255]

function pixel({ rgb, widthPx }: Canvas, x: number, y: number): number[] {
  return [...rgb.subarray(3 * (y * widthPx + x), 3 * (y * widthPx + x) + 3)]
}

/** '#' where a pixel is not white. */
function art(canvas: Canvas): string[] {
  return Array.from({ length: canvas.heightPx }, (_, y) =>
    Array.from({ length: canvas.widthPx }, (_, x) => (pixel(canvas, x, y).every(v => v === 255) ? '.' : '#')).join(''),
  )
}

describe('the canvas', () => {
  it('draws frames of a thickness, inside their rectangle', () => {
    const canvas = newCanvas(6, 5, white)
    strokeRect(canvas, 1, 1, 4, 3, 1, red)
    expect(art(canvas)).toEqual(['......', '.####.', '.#..#.', '.####.', '......'])
  })

  it('draws text with its font, scaled by whole pixels', () => {
    const canvas = newCanvas(11, 8, white)
    drawText(canvas, 'Lg', 0, 0, 1, red)
    expect(art(canvas)).toEqual([
      '#..........',
      '#..........',
      '#......####',
      '#.....#...#',
      '#.....#...#',
      '#......####',
      '#####.....#',
      '.......###.',
    ])
    expect(textSizePx('Lg', 3)).toEqual([33, 24])
  })

  it('shows what the font lacks as a question mark', () => {
    expect(glyphRows('猫')).toEqual(glyphRows('?'))
    expect(glyphRows('A')).not.toEqual(glyphRows('?'))
  })

  it('clips whatever is drawn', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -20, max: 20 }),
        fc.integer({ min: -20, max: 20 }),
        fc.nat(30),
        fc.nat(30),
        (x, y, w, h) => {
          const canvas = newCanvas(9, 7, white)
          fillRect(canvas, x, y, w, h, red)
          const inside = (px: number, py: number) => px >= x && px < x + w && py >= y && py < y + h
          for (let py = 0; py < 7; py++) {
            for (let px = 0; px < 9; px++) expect(pixel(canvas, px, py)).toEqual([...(inside(px, py) ? red : white)])
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('drawInstances', () => {
  const options = {
    classes: [
      { id: 'r', name: 'R' },
      { id: 'b', name: '' },
    ],
    colors: [red, blue],
    minScore: 0.5,
    maxInstances: 10,
    textScale: 1,
  }
  function draw(specs: readonly BoxSpec[], change: object = {}, canvas = newCanvas(100, 100, white)): Canvas {
    drawInstances(canvas, { ...boxInstances([100, 100], specs), ...change }, { ...options, ...change })
    return canvas
  }

  it('fills masks half and outlines them fully', () => {
    const canvas = draw([{ score: 0.9, box: [20, 40, 60, 80] }])
    expect(pixel(canvas, 40, 60)).toEqual([255, 140, 140])
    expect(pixel(canvas, 20, 60)).toEqual([255, 0, 0])
    expect(pixel(canvas, 70, 60)).toEqual([255, 255, 255])
  })

  it('lays the higher score on top, the earlier of equal scores', () => {
    const both = [
      { label: 1, score: 0.8, box: [20, 40, 60, 80] },
      { label: 0, score: 0.9, box: [20, 40, 60, 80] },
    ] as const
    expect(pixel(draw(both), 20, 60)).toEqual([...red])
    expect(pixel(draw(both.map(spec => ({ ...spec, score: 0.9 }))), 20, 60)).toEqual([...blue])
  })

  it('draws predictions from the score asked for on, ground truth always, and no more than asked for', () => {
    const weak = [{ score: 0.4, box: [20, 40, 60, 80] }] as const
    expect(art(draw(weak)).join('')).not.toContain('#')
    expect(pixel(draw(weak, { crowd: Uint8Array.of(0) }), 20, 60)).toEqual([...red])
    const two = draw([...weak, { score: 0.9, label: 1, box: [70, 40, 90, 80] }], { minScore: 0, maxInstances: 1 })
    expect(pixel(two, 20, 60)).toEqual([...white])
    expect(pixel(two, 70, 60)).toEqual([...blue])
  })

  it('writes labels with scores above the box, for ground truth without', () => {
    const labelWidth = (canvas: Canvas) => art(canvas)[31]!.match(/#+/)?.[0].length
    expect(labelWidth(draw([{ score: 0.9, box: [20, 40, 60, 80] }]))).toBe(textSizePx('R 0.90', 1)[0] + 2)
    const truth = draw([{ score: 1, box: [20, 40, 60, 80] }], { areasPx: Float64Array.of(3) })
    expect(labelWidth(truth)).toBe(textSizePx('R', 1)[0] + 2)
  })

  it('moves a label where it covers none drawn before, and keeps it on the canvas', () => {
    const canvas = draw([
      { label: 0, score: 0.9, box: [20, 0, 60, 30] },
      { label: 1, score: 0.8, box: [20, 0, 60, 30] },
    ])
    expect(pixel(canvas, 20, 1)).toEqual([...red])
    expect(pixel(canvas, 20, 31)).toEqual([...blue])
  })

  it('scales instances with the canvas', () => {
    const canvas = newCanvas(200, 200, white)
    draw([{ score: 0.9, box: [20, 40, 60, 80] }], {}, canvas)
    expect(pixel(canvas, 119, 100)).toEqual([...red])
    expect(pixel(canvas, 121, 100)).toEqual([...white])
  })
})

describe('class colours', () => {
  it('keep the first twelve classes far apart, with readable ink', () => {
    const colors = Array.from({ length: 12 }, (_, label) => classColor(label))
    for (const [i, a] of colors.entries()) {
      for (const b of colors.slice(i + 1)) {
        expect(Math.max(...a.map((v, channel) => Math.abs(v - b[channel]!)))).toBeGreaterThan(20)
      }
    }
    expect(inkOn([255, 255, 0])).toEqual([0, 0, 0])
    expect(inkOn([0, 0, 160])).toEqual([255, 255, 255])
  })
})
