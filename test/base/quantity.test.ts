import { describe, expect, it } from 'vitest'
import { parseBytes, parseDurationMs, parseShare } from '../../engine/base/quantity.ts'

describe('sizes', () => {
  it.each([
    ['0', 0],
    ['512', 512],
    ['600MiB', 600 * 2 ** 20],
    ['600 mib', 600 * 2 ** 20],
    ['4G', 4 * 2 ** 30],
    ['4GiB', 4 * 2 ** 30],
    ['4GB', 4e9],
    ['1.5k', 1536],
    ['2TB', 2e12],
    ['7B', 7],
  ])('%s are %d bytes', (text, bytes) => {
    expect(parseBytes(text)).toBe(bytes)
  })

  it.each(['', 'GiB', '-1', '1e3', '4 PB', '4GiBs', '0x10', '1,5G', '99999999999T', 'NaN'])('%j is none', text => {
    expect(parseBytes(text)).toBeUndefined()
  })
})

describe('durations', () => {
  it.each([
    ['8h30m', 8.5 * 3_600_000],
    ['8h 30m', 8.5 * 3_600_000],
    ['90s', 90_000],
    ['45m', 45 * 60_000],
    ['1.5h', 5_400_000],
    ['1d12h', 36 * 3_600_000],
    ['0.25s', 250],
  ])('%s are %d ms', (text, ms) => {
    expect(parseDurationMs(text)).toBe(ms)
  })

  it.each(['', '90', 'abc', '30m8h', '8h30', '-5m', '5min', '1h1h'])('%j is none', text => {
    expect(parseDurationMs(text)).toBeUndefined()
  })
})

describe('shares', () => {
  it.each([
    ['1%', 0.01],
    ['0.5 %', 0.005],
    ['100%', 1],
  ])('%s is %d', (text, share) => {
    expect(parseShare(text)).toBe(share)
  })

  it.each(['', '1', '0%', '101%', '-1%', 'all', '%'])('%j is none', text => {
    expect(parseShare(text)).toBeUndefined()
  })
})
