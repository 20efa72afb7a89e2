import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { foldEvents } from '../../engine/report/apply-event.ts'
import { openJournal, readJournal } from '../../engine/report/journal.ts'
import { fakeRun, smallRun } from '../helpers/fake-run.ts'
import { done, finished, items, started } from '../helpers/run-events.ts'

let folder: string
let path: string

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maskloom-journal-'))
  path = join(folder, 'runs', 'run-1.jsonl')
})

afterEach(() => {
  vi.useRealTimers()
  rmSync(folder, { recursive: true })
})

describe('a journal', () => {
  it('gives back the state that was seen live', () => {
    const events = [...fakeRun(smallRun)]
    const journal = openJournal(path)
    for (const event of events) journal.append(event)
    journal.close()
    expect([...readJournal(path)]).toEqual(events)
    expect(foldEvents(readJournal(path))).toEqual(foldEvents(events))
  })

  it('is on disk one second after an event, and at once after the last', () => {
    vi.useFakeTimers()
    const journal = openJournal(path)
    journal.append(started([{ id: 'nms' }]))
    journal.append(items('nms', 2))
    expect(readFileSync(path, 'utf8')).toBe('')
    vi.advanceTimersByTime(1000)
    expect([...readJournal(path)]).toHaveLength(2)
    journal.append(finished('done', 10))
    expect([...readJournal(path)]).toHaveLength(3)
    journal.close()
  })

  it('writes by itself before much is buffered', () => {
    const journal = openJournal(path)
    for (let index = 0; index < 2000; index++) journal.append(done('nms', index))
    expect([...readJournal(path)].length).toBeGreaterThan(1000)
    journal.close()
  })

  it('appends to what is there and may be closed twice', () => {
    for (const event of [started([]), items('nms', 2)]) {
      const journal = openJournal(path)
      journal.append(event)
      journal.close()
      journal.close()
    }
    expect([...readJournal(path)].map(event => event.type)).toEqual(['run.started', 'step.items'])
  })
})

describe('reading a journal', () => {
  const write = (text: string) => {
    openJournal(path).close()
    writeFileSync(path, text)
  }

  it('leaves out a last line that was cut', () => {
    write(`${JSON.stringify(items('nms', 2))}\n`)
    for (const cut of ['{"type":"task.do', '{"type":"task.done"}', '7']) {
      appendFileSync(path, cut)
      expect([...readJournal(path)]).toEqual([items('nms', 2)])
      write(`${JSON.stringify(items('nms', 2))}\n`)
    }
  })

  it('leaves out events of a type that a later version added', () => {
    write(`{"type":"lane.moved","atMs":1}\n${JSON.stringify(items('nms', 2))}\n`)
    expect([...readJournal(path)]).toEqual([items('nms', 2)])
  })

  it('names the line of a journal that is damaged in the middle', () => {
    write(`${JSON.stringify(items('nms', 2))}\nrubbish\n${JSON.stringify(items('nms', 3))}\n`)
    expect(() => [...readJournal(path)]).toThrow(TaskError)
    expect(() => [...readJournal(path)]).toThrow(/Line 2 .* \(found "rubbish"\)/)
  })
})
