import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { drawBars } from '../../nodes/plot/bars.ts'
import { drawHistogram } from '../../nodes/plot/histogram.ts'
import { drawIntervals } from '../../nodes/plot/intervals.ts'
import { drawLines, type LinesChart, MOST_LINES } from '../../nodes/plot/lines.ts'

const curves: LinesChart = {
  title: 'Precision & <recall>',
  xTitle: 'recall',
  yTitle: 'precision',
  lines: [
    { name: 'a < b', x: [0, 0.5, 1], y: [1, 0.8, 0.1], low: [0.9, 0.7, 0], high: [1, 0.9, 0.2] },
    { name: 'other', x: [0, 1], y: [0.7, 0.2] },
  ],
  xRange: [0, 1],
  yRange: [0, 1],
  diagonal: true,
}

const charts = {
  lines: () => drawLines(curves),
  bars: () => drawBars({ title: 'Instances', valueTitle: 'count', bars: [{ name: 'Apple', value: 3 }] }),
  parts: () =>
    drawBars({
      title: 'Instances',
      valueTitle: 'count',
      bars: [
        { name: 'Apple', value: 3, part: 'train' },
        { name: 'Apple', value: 1, part: 'valid' },
      ],
    }),
  histogram: () =>
    drawHistogram({
      title: 'Areas',
      xTitle: 'px²',
      yTitle: 'count',
      edges: [1, 10, 100],
      counts: [4, 2],
      logarithmic: true,
    }),
  intervals: () =>
    drawIntervals({
      title: 'Without',
      valueTitle: 'AP',
      rows: [{ name: 'L1', value: 1, low: 0, high: 2 }],
      reference: 0,
    }),
  nothing: () => drawLines({ title: 'empty', xTitle: 'x', yTitle: 'y', lines: [] }),
}

function text(svg: Uint8Array): string {
  return new TextDecoder().decode(svg)
}

describe('charts', () => {
  it.each(Object.entries(charts))('%s: a picture that a renderer accepts, with its title', async (_, draw) => {
    const svg = await draw()
    const { format, width, height } = await sharp(svg).metadata()
    expect(format).toBe('svg')
    expect(width).toBeGreaterThan(100)
    expect(height).toBeGreaterThan(20)
    const ink = await sharp(svg).greyscale().stats()
    expect(ink.channels[0]!.min).toBeLessThan(100)
    expect(ink.channels[0]!.max).toBe(255)
  })

  it('are the same bytes whatever is drawn before and beside them', async () => {
    const alone = await drawLines(curves)
    const together = await Promise.all([charts.bars(), drawLines(curves), charts.histogram(), drawLines(curves)])
    expect(text(together[1]!)).toBe(text(alone))
    expect(text(together[3]!)).toBe(text(alone))
  })

  it('are the same bytes in another process', async () => {
    const module = pathToFileURL(resolve('dist/nodes/plot/lines.js')).href
    const script = `const { drawLines } = await import(${JSON.stringify(module)})
      process.stdout.write(await drawLines(${JSON.stringify(curves)}))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script], {
      env: { ...process.env, TZ: 'Asia/Tokyo', LANG: 'de_DE.UTF-8' },
    })
    expect(stdout).toBe(text(await drawLines(curves)))
  })

  it('go on after one that cannot be drawn', async () => {
    const broken = { ...curves, lines: [{ name: 'x', x: [0], y: null as unknown as number[] }] }
    await expect((async () => drawLines(broken))()).rejects.toThrow(TypeError)
    expect(text(await drawLines(curves))).toContain('other')
  })

  it('write texts so that they stay texts', async () => {
    const svg = text(await drawLines(curves))
    expect(svg).toContain('Precision &amp; &lt;recall&gt;')
    expect(svg).toContain('a &lt; b')
  })

  it('draw one line for a name, and no more lines than can be told apart', async () => {
    const many = Array.from({ length: MOST_LINES + 5 }, (_, i) => ({ name: `line ${i}`, x: [0, 1], y: [0, i] }))
    const svg = text(await drawLines({ ...curves, diagonal: false, lines: [...many, ...many] }))
    expect(svg).toContain('(and 5 more)')
    expect(svg).toContain(`line ${MOST_LINES - 1}`)
    expect(svg).not.toContain(`line ${MOST_LINES}<`)
  })

  it('place points where their numbers say', async () => {
    const svg = text(
      await drawLines({ ...curves, diagonal: false, lines: [{ name: 'l', x: [0, 0.25, 1], y: [0, 1, 0.5] }] }),
    )
    expect(svg).toContain('d="M0,340L110,0L440,170"')
  })

  it('make bars as long as their values, part after part', async () => {
    const svg = text(await charts.parts())
    const bars = [...svg.matchAll(/<path d="M([\d.]+),[\d.]+h([\d.]+)v18h-[\d.]+Z" fill="(#\w+)"/g)].map(
      ([, ...own]) => own,
    )
    expect(bars).toEqual([
      ['0', '330', '#0072b2'],
      ['330', '110', '#d55e00'],
    ])
  })
})
