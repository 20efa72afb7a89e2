import fc from 'fast-check'
import { expect, test } from 'vitest'
import { codes } from '../../engine/base/codes.ts'
import { loadPipeline } from '../../engine/load/load.ts'
import { threeStage } from './three-stage.ts'

const insertions = [
  ...[
    '{',
    '}',
    '[',
    ']',
    ': ',
    ',',
    '- ',
    '"',
    "'",
    '#',
    '&x ',
    '*x',
    '*view',
    '!t ',
    '|\n',
    '>\n',
    '\t',
    '\n',
    '\r\n',
  ],
  ...[
    '<<: ',
    '? ',
    '---\n',
    '...\n',
    '%YAML 1.1\n',
    '${',
    '}',
    '${params.',
    '$${',
    '{{',
    '~',
    '.nan',
    '1e999',
    '\uE000',
  ],
  ...[
    '__proto__: ',
    'constructor: ',
    'toString',
    'null',
    '0',
    '-1',
    'propose',
    'propose.proposals',
    'steps:\n',
    '\u0000',
    '\uD800',
    '😀',
  ],
]

const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(40),
  insert: fc.oneof(
    fc.constantFrom(...insertions),
    fc.string({ maxLength: 8 }),
    fc.tuple(fc.nat(threeStage.length), fc.nat(80)).map(([start, length]) => threeStage.slice(start, start + length)),
  ),
})

function mutated(edits: readonly { at: number; remove: number; insert: string }[]): string {
  return edits.reduce((text, { at, remove, insert }) => {
    const start = Math.floor(at * text.length)
    return text.slice(0, start) + insert + text.slice(start + remove)
  }, threeStage)
}

test('2,000 damaged pipelines are read or refused with problems that have a place, a known code and no repeats', () => {
  let refused = 0
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 4 }).map(mutated), text => {
      const loaded = loadPipeline('/project/x.yaml', () => text)
      if (loaded.ok) return
      refused++
      expect(loaded.problems.length).toBeGreaterThan(0)
      const places = loaded.problems.map(({ code, message, at }) => {
        expect(codes).toHaveProperty([code])
        expect(message).not.toMatch(/undefined|\[object|internal|NaN/)
        expect(at?.file).toBe('/project/x.yaml')
        expect(at && at.start >= 0 && at.end >= at.start && at.end <= text.length).toBe(true)
        return `${at?.start}-${at?.end}`
      })
      expect(new Set(places).size).toBe(places.length)
    }),
    { numRuns: 2_000, seed: 20_240_601 },
  )
  expect(refused).toBeGreaterThan(1_000)
})
