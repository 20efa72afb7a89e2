import { expect, it } from 'vitest'
import { tableLines } from '../../engine/report/table.ts'

it('aligns columns by their widest cell and leaves no trailing spaces', () => {
  const columns = [{ title: 'step' }, { title: 'tasks', align: 'right' as const }, { title: 'why' }]
  const rows = [
    ['propose', '1,200', 'never run'],
    ['nms', '9'],
  ]
  expect(tableLines(columns, rows)).toEqual([
    'step     tasks  why', //
    'propose  1,200  never run',
    'nms          9',
  ])
})

it('aligns wide characters and neutralises control characters', () => {
  expect(
    tableLines(
      [{ title: '' }, { title: '' }],
      [
        ['蓝', 'x'],
        ['ab\u001b', 'y'],
      ],
      { bare: true },
    ),
  ).toEqual([
    '蓝   x', //
    'ab?  y',
  ])
})

it('cuts lines at the given width and indents them', () => {
  const lines = tableLines([{ title: 'a' }, { title: 'b' }], [['one', 'a long reason']], { indent: 2, maxWidth: 12 })
  expect(lines).toEqual(['  a    b', '  one  a lo…'])
})

it('is the line of titles alone without rows', () => {
  expect(tableLines([{ title: 'run' }, { title: 'took' }], [])).toEqual(['run  took'])
})
