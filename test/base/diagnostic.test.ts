import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compareDiagnostics, type Diagnostic, TaskError } from '../../engine/base/diagnostic.ts'

const diagnostics: fc.Arbitrary<Diagnostic> = fc.record(
  {
    code: fc.constantFrom('cycle', 'syntax'),
    message: fc.constantFrom('a', 'B', 'ä'),
    at: fc.record({ file: fc.constantFrom('/a', '/b'), start: fc.nat(2), end: fc.constant(3) }),
  },
  { requiredKeys: ['code', 'message'] },
)

test('the order of diagnostics does not depend on the order they were found in', () => {
  fc.assert(
    fc.property(fc.array(diagnostics), found => {
      const sorted = [...found].sort(compareDiagnostics)
      expect([...found].reverse().sort(compareDiagnostics)).toEqual(sorted)
    }),
  )
})

test('what belongs to no file comes first, then files and places', () => {
  const at = (file: string, start: number) => ({ file, start, end: start + 1 })
  const list: Diagnostic[] = [
    { code: 'syntax', message: 'c', at: at('/b', 0) },
    { code: 'syntax', message: 'b', at: at('/a', 10) },
    { code: 'syntax', message: 'a', at: at('/a', 9) },
    { code: 'bad-argument', message: 'first' },
  ]
  expect(list.sort(compareDiagnostics).map(({ message }) => message)).toEqual(['first', 'a', 'b', 'c'])
})

test('a task error keeps its diagnostic and its cause', () => {
  const cause = new Error('disk')
  const error = new TaskError({ code: 'bad-file', message: 'cannot be read' }, { cause })
  expect(error).toMatchObject({ name: 'TaskError', message: 'cannot be read', cause, diagnostic: { code: 'bad-file' } })
})
