import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type DemoProject, demoProject, finishedOf } from '../helpers/demo-project.ts'

/** Files with one thing wrong in them: what a run says, and that it leaves nothing half-written. */

const repository = fileURLToPath(new URL('../..', import.meta.url))
let demo: DemoProject

beforeAll(() => {
  demo = demoProject({ images: 1 })
  cpSync(join(repository, 'demo', 'open-images'), demo.path('demo', 'open-images'), { recursive: true })
})
afterAll(() => demo.remove())

const masks = () => readFileSync(demo.path('demo/open-images/segmentation-masks.csv'), 'utf8')
const header = 'ImageID,ImageWidth,ImageHeight,PredictionString'

function write(name: string, text: string): string {
  writeFileSync(demo.path(name), text)
  return name
}

/** What goes wrong, and what was delivered nevertheless. */
async function failing(pipeline: string, output: string, set: { readonly [name: string]: string }) {
  const settings = Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`])
  const ended = await demo.maskloom('run', pipeline, output, '--plain', '--no-cache', '--out', 'failed', ...settings)
  const left = existsSync(demo.path('failed')) ? readdirSync(demo.path('failed'), { recursive: true }) : []
  rmSync(demo.path('failed'), { recursive: true, force: true })
  return { code: ended.code, text: ended.stdout + ended.stderr, left }
}

/** The masks file with its first row about the demo's picture changed. */
function changed(change: (cells: string[]) => string[]): string {
  const lines = masks().split('\n')
  const at = lines.findIndex(line => line.split(',')[1] === demo.ids[0])
  lines[at] = change(lines[at]!.split(',')).join(',')
  return lines.join('\n')
}

describe('a masks file that is wrong', () => {
  it.each<[string, (cells: string[]) => string[], RegExp]>([
    ['a row without its last columns', cells => cells.slice(0, 5), /row \d+: is cut before column BoxXMax/],
    ['a mask that is not there', cells => ['none.png', ...cells.slice(1)], /row \d+, column MaskPath.*none\.png/s],
    [
      'a label outside the hierarchy',
      cells => [...cells.slice(0, 2), '/m/owl', ...cells.slice(3)],
      /column LabelName: there is no class \/m\/owl/,
    ],
    ['a number that is none', cells => [...cells.slice(0, 4), 'wide', ...cells.slice(5)], /column BoxXMin: is "wide"/],
  ])(
    '%s is located, and no training set is written',
    async (_what, change, message) => {
      const { code, text, left } = await failing('openimages-2019-49th', 'coco', {
        masks: write('wrong.csv', changed(change)),
      })
      expect(code).toBe(1)
      expect(text).toMatch(message)
      expect(text).toContain('wrong.csv')
      expect(left).toEqual([])
    },
    30_000,
  )

  it('with a byte order mark, Windows line ends and 1e-05 is as good as any', async () => {
    const text = changed(cells => [...cells.slice(0, 4), '1e-05', ...cells.slice(5)]).replaceAll('\n', '\r\n')
    const file = write('windows.csv', `\uFEFF${text}`)
    const set = ['--set', `masks=${file}`]
    const ended = await demo.maskloom('run', 'openimages-2019-49th', 'coco', '--json', '--out', 'windows', ...set)
    expect(finishedOf(ended).status).toBe('done')
    const { annotations } = JSON.parse(readFileSync(demo.path('windows', 'coco.json'), 'utf8'))
    expect(annotations).toHaveLength(
      masks()
        .split('\n')
        .filter(line => line.split(',')[1] === demo.ids[0]).length,
    )
  }, 30_000)
})

describe('a submission that is wrong', () => {
  const empty = () => write('empty.csv', `${header}\n${demo.ids[0]},320,240,\n`)

  it.each<[string, string, RegExp]>([
    ['run lengths that are longer than the image', '320,240,/m/0k4j 0.5 eNozMzI2MDCwBAAFlQFl', /row 2.*prediction 1/],
    ['two columns too few', '320', /row 2/],
    ['a class outside the list', '320,240,/m/owl 0.5 eNozMzI2MDCwBAAFlQFl', /there is no class \/m\/owl/],
    ['a size that is not that of the image', '321,240,', /is 321 × 240 here, the image is 320 × 240/],
  ])(
    '%s is located, and nothing is written',
    async (_what, rest, message) => {
      const upper = write('wrong.csv', `${header}\n${demo.ids[0]},${rest}\n`)
      const { code, text, left } = await failing('openimages-2019-integrate', 'submission', { upper, lower: empty() })
      expect(code).toBe(1)
      expect(text).toMatch(message)
      expect(text).toContain('wrong.csv')
      expect(left).toEqual([])
    },
    30_000,
  )

  it('lists the images that only one of both has', async () => {
    const upper = write('other.csv', `${header}\nelsewhere,320,240,\n`)
    const { code, text, left } = await failing('openimages-2019-integrate', 'submission', { upper, lower: empty() })
    expect(code).not.toBe(0)
    expect(text).toContain('elsewhere')
    expect(left).toEqual([])
  }, 30_000)
})
