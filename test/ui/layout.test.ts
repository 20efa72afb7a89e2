import { describe, expect, it } from 'vitest'
import { foldEvents } from '../../engine/report/apply-event.ts'
import { chooseSteps, frameOf, MARK, stepColumns, windowStart } from '../../engine/ui/layout.ts'
import { failed, hits, items, started } from '../helpers/run-events.ts'

describe('the frame', () => {
  it('is shorter than the terminal at any height, and gives steps what is left', () => {
    for (let rows = 2; rows <= 60; rows++) {
      for (const steps of [0, 3, 50]) {
        const frame = frameOf(rows, steps, 3, 12)
        const machine = frame.machine === 'lines' ? 4 : frame.machine === 'one-line' ? 1 : 0
        const gaps = frame.gaps ? 2 + Number(frame.eventRows > 0) : 0
        const footer = rows >= 5 ? 1 : 0
        const lines =
          1 + Number(frame.totals) + Number(frame.titles) + frame.stepRows + frame.eventRows + machine + gaps + footer
        expect(lines, `${rows} rows, ${steps} steps`).toBeLessThan(rows)
      }
    }
  })

  it('spends the lines that few steps leave on events', () => {
    expect(frameOf(24, 3, 3, 12).eventRows).toBe(6)
    expect(frameOf(24, 30, 3, 12)).toMatchObject({ eventRows: 2, stepRows: 10 })
  })
})

describe('choosing steps when there are too many', () => {
  const names = Array.from({ length: 8 }, (_, index) => `step${index}`)
  const state = foldEvents([
    started(names.map(id => ({ id }))),
    ...names.map(id => items(id, 2)),
    ...['step0', 'step1', 'step2'].map(id => hits(id, 2)),
    failed('step1', 'a'),
    hits('step3', 1),
    hits('step6', 1),
  ])
  const shown = (rows: number) => chooseSteps(state.steps, rows).shown.map(step => step.id)

  it('takes failed and running ones, then the next to run, then the last to end, in the order of the pipeline', () => {
    expect(shown(4)).toEqual(['step1', 'step3', 'step6'])
    expect(shown(5)).toEqual(['step1', 'step3', 'step4', 'step6'])
    expect(shown(7)).toEqual(['step1', 'step3', 'step4', 'step5', 'step6', 'step7'])
    expect(shown(8)).toEqual(names)
  })

  it('counts the others by phase', () => {
    expect(chooseSteps(state.steps, 4).hidden).toEqual({ failed: 0, running: 0, waiting: 3, done: 2 })
    expect(chooseSteps(state.steps, 0).hidden).toEqual({ failed: 1, running: 2, waiting: 3, done: 2 })
  })
})

describe('the columns of a step', () => {
  it('fill the line at any width, with room for a name', () => {
    for (let columns = 30; columns <= 200; columns++) {
      for (const longest of [4, 18, 60]) {
        const { name, cells, bar, percent, settled, cached, failed: lost, rate } = stepColumns(columns, longest)
        expect(MARK + name + cells + bar + percent + settled + cached + lost + rate).toBe(columns)
        expect(name, `${columns} columns`).toBeGreaterThanOrEqual(10)
      }
    }
  })

  it('keep a name of 18 whole at 80 columns', () => {
    expect(stepColumns(80, 17)).toMatchObject({ name: 18, bar: 8 })
  })
})

it('a window keeps the selected entry in view', () => {
  expect([0, 3, 9].map(selected => windowStart(selected, 10, 4))).toEqual([0, 1, 6])
  expect(windowStart(2, 3, 8)).toBe(0)
})
