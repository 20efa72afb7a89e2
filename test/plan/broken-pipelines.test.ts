import { describe, expect, it } from 'vitest'
import { settingsFromArguments } from '../../engine/load/settings.ts'
import { compile } from '../../engine/plan/compile.ts'
import { project, smallWorld } from '../../engine/testing/small-world.ts'
import { type BrokenPipeline, readBrokenPipelines, shownProblems } from '../helpers/broken.ts'
import { rootPath } from '../helpers/compiling.ts'
import { smallFiles, smallRegistry } from '../helpers/small-registry.ts'

const corpus = readBrokenPipelines(new URL('./broken-pipelines.txt', import.meta.url))

describe('the corpus of broken pipelines', () => {
  it('has at least 35 with different titles', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(35)
    expect(new Set(corpus.map(({ title }) => title)).size).toBe(corpus.length)
  })

  it('expects no problem twice, and something to try', () => {
    const problems = corpus.flatMap(({ title, expected }) =>
      expected.split(/\n(?!\s)/).map(problem => ({ title, problem })),
    )
    const first = problems.map(({ title, problem }) => `${title}: ${problem.split('\n')[0]}`)
    expect(new Set(first).size).toBe(first.length)
    // Where what is expected is also what to try.
    const withoutFix = problems.filter(({ problem }) => !problem.includes('\n  fix: '))
    expect(withoutFix.filter(({ problem }) => !/ (?:expected|takes) /.test(problem))).toEqual([])
  })
})

it.each(corpus)('all problems of a pipeline with $title are reported, each in full', async broken => {
  expect(await problemsOf(broken)).toBe(broken.expected)
})

async function problemsOf({ text, files, set, targets }: BrokenPipeline): Promise<string> {
  const written = { ...smallFiles, ...files, 'pipelines/main.yaml': text }
  const world = smallWorld(written, { environment: { HOME: '/home/ada' } })
  const textOf = (file: string) => new TextDecoder().decode(world.readFile(file))
  const shown = (problems: Parameters<typeof shownProblems>[0]) =>
    shownProblems(problems, textOf, { path: rootPath, folder: project })
  const root = world.loadPipeline(rootPath)
  if (!root.ok) return shown(root.problems)
  const settings = settingsFromArguments(set, root.value.params, project)
  if (settings.problems.length > 0) return shown(settings.problems)
  const request = { root: root.value, given: settings.values, targets, registry: smallRegistry, surroundings: world }
  const compiled = await compile(request)
  return compiled.ok ? 'no problems' : shown(compiled.problems)
}
