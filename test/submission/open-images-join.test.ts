import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check'
import { describe, expect, it } from 'vitest'
import { submissionOpenImagesJoin } from '../../nodes/submission/open-images-join.ts'
import type { ImageRef } from '../../nodes/values/image.ts'
import { collectionOf } from '../helpers/collections.ts'
import { runNode, testRun } from '../helpers/run-context.ts'

const header = 'ImageID,ImageWidth,ImageHeight,PredictionString'
const ref: ImageRef = { sha256: 'a'.repeat(64), widthPx: 6, heightPx: 5, channels: 3, bitDepth: 8, format: 'png' }
const images = collectionOf({ a: ref, b: ref, c: ref })
const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))

async function repaired(text: string, params: object = {}) {
  const path = join(folder, 'theirs.csv')
  writeFileSync(path, text)
  const run = testRun({ wanted: ['file'] })
  const outputs = await runNode(submissionOpenImagesJoin, { images }, { path: { path, sha256: '' }, ...params }, run)
  const lines = readFileSync(outputs['file'] as string, 'utf8')
    .trimEnd()
    .split('\n')
  expect(lines[0]).toBe(header)
  return { rows: lines.slice(1), notes: run.notes }
}

describe('submission/open-images-join', () => {
  it('makes one row of several, and a row for every image', async () => {
    const { rows, notes } = await repaired(`${header}\nb,6,5,/m/x 0.5 t\na,6,5,\nb,6,5,/m/y 1e-05 u\n`)
    expect(rows).toEqual(['a,6,5,', 'b,6,5,/m/x 0.5 t /m/y 1e-05 u', 'c,6,5,'])
    expect(notes).toEqual(['1 rows joined to others, 0 left out, 1 images without a row'])
  })

  it('equals joining row by row, with the published limit of words or without', async () => {
    const row = tuple(constantFrom('a', 'b', 'c'), integer({ min: 0, max: 3 }))
    const cases: [string, number][][] = []
    assert(
      property(array(row, { maxLength: 12 }), rows => void cases.push(rows)),
      { numRuns: 60 },
    )
    for (const rows of cases) {
      const texts = rows.map(([id, count], index) => {
        return [id, Array.from({ length: count }, (_, k) => `/m/${index} 0.${k + 1} t${k}`).join(' ')] as const
      })
      const csv = [header, ...texts.map(([id, text]) => `${id},6,5,${text}`), ''].join('\r\n')
      for (const limit of [12, undefined]) {
        // Read again: a dictionary of lines, grown while it has fewer than 12 words.
        const merged = new Map<string, string>()
        for (const [id, text] of texts) {
          const before = merged.get(id)
          if (before === undefined) merged.set(id, text)
          else if (before.split(' ').filter(word => word !== '').length < (limit ?? Number.POSITIVE_INFINITY)) {
            merged.set(id, `${before} ${text}`.trim())
          }
        }
        const expected = ['a', 'b', 'c'].map(id => `${id},6,5,${merged.get(id) ?? ''}`)
        expect((await repaired(`\uFEFF${csv}`, limit === undefined ? {} : { join_below_words: limit })).rows).toEqual(
          expected,
        )
      }
    }
  })

  it.each<[string, string, RegExp]>([
    ['an image that is not there', 'z,6,5,', /theirs\.csv, row 2, column ImageID: there is no image z/],
    [
      'two sizes of one image',
      'a,6,5,\na,7,5,',
      /row 3, column ImageWidth: the size is 7 × 5, in a row before it 6 × 5/,
    ],
    ['a size that is no number', 'a,x,5,', /row 2, column ImageWidth: is "x"; expected a number/],
    ['a row that is cut', 'a,6,5', /row 2: is cut before column PredictionString/],
  ])('names row and column: %s', async (_what, rows, message) => {
    await expect(repaired(`${header}\n${rows}\n`)).rejects.toThrow(message)
  })

  it('takes the size of the image where rows say −1', async () => {
    expect((await repaired(`${header}\na,-1,-1,\nb,-1,-1,/m/x 1 t\nb,9,9,\n`)).rows).toEqual([
      'a,6,5,',
      'b,9,9,/m/x 1 t',
      'c,6,5,',
    ])
  })
})
