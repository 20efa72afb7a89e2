import { parse } from 'csv-parse/sync'
import { describe, expect, it } from 'vitest'
import { formatMetrics, tableOfMetrics } from '../../engine/report/metrics-table.ts'

const table = {
  columns: ['class', 'AP', 'images'],
  rows: [
    ['blue|berry', 0.123456, 12],
    ['sloe, "ripe"', null, 3],
    ['all', 1, 15],
  ],
}

describe('a table of metrics', () => {
  it('is aligned text: fractions to four digits, whole columns whole, – for what is not defined', () => {
    expect(formatMetrics(table, 'text')).toBe(
      [
        'class             AP  images', //
        'blue|berry    0.1235      12',
        'sloe, "ripe"       –       3',
        'all           1.0000      15',
        '',
      ].join('\n'),
    )
  })

  it('is Markdown with escaped bars', () => {
    expect(formatMetrics(table, 'markdown', 2)).toBe(
      [
        '| class | AP | images |',
        '| --- | ---: | ---: |',
        '| blue\\|berry | 0.12 | 12 |',
        '| sloe, "ripe" | – | 3 |',
        '| all | 1.00 | 15 |',
        '',
      ].join('\n'),
    )
  })

  it('is CSV that another reader takes back, with every digit', () => {
    expect(parse(formatMetrics(table, 'csv'))).toEqual([
      ['class', 'AP', 'images'],
      ['blue|berry', '0.123456', '12'],
      ['sloe, "ripe"', '', '3'],
      ['all', '1', '15'],
    ])
  })

  it('is made from groups of named numbers; a name that a group lacks is not defined there', () => {
    expect(tableOfMetrics({ all: { AP: 0.5, AR: 0.6 }, small: { AP: null, AR1: 0.1 } })).toEqual({
      columns: ['', 'AP', 'AR', 'AR1'],
      rows: [
        ['all', 0.5, 0.6, null],
        ['small', null, null, 0.1],
      ],
    })
  })
})
