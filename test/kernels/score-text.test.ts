import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fixedText, pythonText } from '../../nodes/kernels/score-text.ts'

interface Golden {
  readonly cases: readonly {
    readonly value: number
    readonly fixed6: string
    readonly fixed8: string
    readonly text: string
  }[]
}

const { cases } = JSON.parse(
  readFileSync(new URL('../golden/score-text/golden.json', import.meta.url), 'utf8'),
) as Golden

describe('scores as Python prints them', () => {
  it('are its very characters', () => {
    for (const { value, fixed6, fixed8, text } of cases) {
      expect([fixedText(value, 6), fixedText(value, 8), pythonText(value)]).toEqual([fixed6, fixed8, text])
    }
  })

  it('read back as the number they print', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), value => {
        expect(Number(pythonText(value))).toBe(value)
        expect(Math.abs(Number(fixedText(value, 6)) - value)).toBeLessThanOrEqual(0.5000001e-6)
      }),
    )
  })

  it('are 1.2e-05 and 1.0, not 0.000012 and 1', () => {
    expect([pythonText(0.000012), pythonText(1), pythonText(0), pythonText(0.0001)]).toEqual([
      '1.2e-05',
      '1.0',
      '0.0',
      '0.0001',
    ])
    expect([fixedText(0.0078125, 6), fixedText(0.0234375, 6), fixedText(0.5, 0)]).toEqual(['0.007812', '0.023438', '0'])
  })
})
