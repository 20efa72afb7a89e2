import { expect, test } from 'vitest'
import type { Diagnostic } from '../../engine/base/diagnostic.ts'
import { diagnosticsJson } from '../../engine/load/diagnostics-json.ts'
import { printDiagnostics } from '../../engine/load/print.ts'

const file = '/project/pipelines/x.yaml'
const text = 'steps:\n  a: { uses: one, scalse: [1, 2] }\n  a: {}\n'

function at(needle: string, from = 0) {
  const start = text.indexOf(needle, from)
  return { file, start, end: start + needle.length }
}

const unknown: Diagnostic = {
  code: 'unknown-key',
  message: 'unknown key `scalse`',
  at: at('scalse'),
  fix: 'did you mean `scales`?',
}
const twice: Diagnostic = {
  code: 'duplicate-key',
  message: 'the key `a` is there twice',
  at: at('a', text.indexOf('2]')),
  notes: [{ message: 'first given here', at: at('a') }, { message: 'no place' }],
}

const options = { textOf: (name: string) => (name === file ? text : undefined), directory: '/project', colour: false }

test('problems are printed in the order of the file, with frames, notes and fixes', () => {
  expect(printDiagnostics([twice, unknown], options)).toBe(`pipelines/x.yaml:2:19 unknown-key  unknown key \`scalse\`
   2 |   a: { uses: one, scalse: [1, 2] }
     |                   ^^^^^^
  fix: did you mean \`scales\`?

pipelines/x.yaml:3:3 duplicate-key  the key \`a\` is there twice
   3 |   a: {}
     |   ^
  note pipelines/x.yaml:2:3 first given here
   2 |   a: { uses: one, scalse: [1, 2] }
     |   ^
  note no place
`)
})

test('nothing is printed for no problems', () => {
  expect(printDiagnostics([], options)).toBe('')
})

test('of many problems the first are shown and the rest is counted', () => {
  const many = Array.from({ length: 23 }, (_, i) => ({
    code: 'bad-value',
    message: `problem ${String(i).padStart(2, '0')}`,
  }))
  const printed = printDiagnostics(many, options)
  expect(printed).toContain('problem 19')
  expect(printed).not.toContain('problem 20')
  expect(printed.endsWith('… and 3 more problems\n')).toBe(true)
  expect(printDiagnostics(many, { ...options, limit: 22 }).endsWith('… and 1 more problem\n')).toBe(true)
})

test('problems without a place or without a readable file are printed without a frame', () => {
  const problems = [
    { code: 'bad-argument', message: 'expected NAME=VALUE' },
    { code: 'missing-file', message: 'there is no such file', at: { file: '/project/no.yaml', start: 0, end: 0 } },
  ]
  expect(printDiagnostics(problems, options)).toBe(
    'bad-argument  expected NAME=VALUE\n\nno.yaml missing-file  there is no such file\n',
  )
})

test('colour adds only escape sequences', () => {
  const plain = printDiagnostics([unknown, twice], options)
  const coloured = printDiagnostics([unknown, twice], { ...options, colour: true })
  expect(coloured).not.toBe(plain)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences themselves
  expect(coloured.replace(/\u001B\[\d+m/g, '')).toBe(plain)
})

test('nothing in a file or a message can steer the terminal', () => {
  const nasty = 'a: "\u001B[2J"\n'
  const problem = { code: 'bad-value', message: 'found "\u001B[2J\n"', at: { file, start: 3, end: 9 } }
  const printed = printDiagnostics([problem], { ...options, textOf: () => nasty })
  expect(printed).not.toContain('\u001B')
  expect(printed.split('\n')).toHaveLength(4)
})

test('the JSON form has places counted from 1 and keeps every problem', () => {
  expect(diagnosticsJson([twice, unknown], options.textOf)).toEqual([
    {
      severity: 'error',
      code: 'unknown-key',
      message: 'unknown key `scalse`',
      file,
      range: { start: { line: 2, column: 19 }, end: { line: 2, column: 25 } },
      notes: [],
      fix: 'did you mean `scales`?',
    },
    {
      severity: 'error',
      code: 'duplicate-key',
      message: 'the key `a` is there twice',
      file,
      range: { start: { line: 3, column: 3 }, end: { line: 3, column: 4 } },
      notes: [
        { message: 'first given here', file, range: { start: { line: 2, column: 3 }, end: { line: 2, column: 4 } } },
        { message: 'no place' },
      ],
    },
  ])
})
