import { expect, test } from 'vitest'
import { loadPipeline } from '../../engine/load/load.ts'
import { readBrokenPipelines, shownProblems } from '../helpers/broken.ts'

const corpus = readBrokenPipelines(new URL('./broken-pipelines.txt', import.meta.url))

test('the corpus has at least 25 broken pipelines with different titles', () => {
  expect(corpus.length).toBeGreaterThanOrEqual(25)
  expect(new Set(corpus.map(({ title }) => title)).size).toBe(corpus.length)
})

test.each(corpus)('all problems of a pipeline with $title are reported, each in full', ({ text, expected }) => {
  const loaded = loadPipeline('/project/pipelines/broken.yaml', () => text)
  const problems = loaded.ok ? [] : loaded.problems
  expect(shownProblems(problems, () => text)).toBe(expected)
})
