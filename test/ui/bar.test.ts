import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { meter, progressBar } from '../../engine/ui/bar.ts'

const text = (bar: ReturnType<typeof progressBar>) => bar.cached + bar.computed + bar.lost + bar.rest

describe('a progress bar', () => {
  it('shows in this order what was cached, computed and lost', () => {
    expect(text(progressBar(10, 20, { cached: 4, computed: 8, lost: 2 }))).toBe('▒▒████▚░░░')
  })

  it('has its width whatever the counts, and is full only at the end', () => {
    const counts = fc.record({ cached: fc.nat(900), computed: fc.nat(900), lost: fc.nat(900) })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), counts, fc.nat(500), (width, parts, left) => {
        const settled = parts.cached + parts.computed + parts.lost
        const bar = progressBar(width, settled + left, parts)
        expect(text(bar)).toHaveLength(width)
        expect(bar.rest === '').toBe(left === 0 && settled > 0)
      }),
    )
  })

  it('survives more hits than tasks (a step that found more items later)', () => {
    expect(text(progressBar(4, 2, { cached: 3, computed: 0, lost: 0 }))).toBe('▒▒▒▒')
  })

  it('is blank before the first task of an unknown number and dotted after', () => {
    expect(text(progressBar(4, undefined, { cached: 0, computed: 0, lost: 0 }))).toBe('    ')
    expect(text(progressBar(4, undefined, { cached: 1, computed: 0, lost: 0 }))).toBe('┄┄┄┄')
  })
})

it('a meter is cut at its ends', () => {
  expect(meter(4, 0.5)).toEqual({ full: '██', rest: '░░' })
  expect(meter(4, 1.7)).toEqual({ full: '████', rest: '' })
  expect(meter(4, -1)).toEqual({ full: '', rest: '░░░░' })
})
