import { describe, expect, it } from 'vitest'
import {
  counted,
  formatBytes,
  formatClock,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
} from '../../engine/report/format.ts'

describe('numbers for people', () => {
  it.each([
    [0, '0ms'],
    [340, '340ms'],
    [12_340, '12.3s'],
    [59_999, '59.9s'],
    [133_400, '2m 13s'],
    [3_600_000 * 5 + 60_000 * 20 + 1000, '5h 20m'],
    [86_400_000 * 3, '3d'],
    [Number.NaN, '?'],
  ])('%s ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('shows a running clock in whole seconds', () => {
    expect([0, 499, 500, 61_400].map(formatClock)).toEqual(['0s', '0s', '1s', '1m 1s'])
  })

  it('groups thousands with commas in every locale', () => {
    expect([0, 999, 1000, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '1,234,567'])
  })

  it('uses binary units for bytes', () => {
    expect([0, 1024, 2.5 * 2 ** 30].map(formatBytes)).toEqual(['0 B', '1 KiB', '2.5 GiB'])
  })

  it('changes the unit of a slow rate rather than showing 0.0', () => {
    expect([0, 1234, 12.34, 0.5, 0.005].map(formatRate)).toEqual(['', '1,234/s', '12.3/s', '30.0/min', '18.0/h'])
  })

  it('reserves 0% for nothing and 100% for all', () => {
    expect([0, 0.0001, 0.456, 0.9999, 1, 1.2].map(formatShare)).toEqual(['0%', '1%', '46%', '99%', '100%', '100%'])
  })

  it('puts nouns in the right number', () => {
    expect([counted(1, 'file'), counted(2000, 'file'), counted(0, 'index', 'indices')]).toEqual([
      '1 file',
      '2,000 files',
      '0 indices',
    ])
  })
})
