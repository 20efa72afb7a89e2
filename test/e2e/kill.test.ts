import { afterAll, beforeAll, expect, it } from 'vitest'
import { type DemoProject, demoProject } from '../helpers/demo-project.ts'
import { killAndContinue, type Reference, referenceRun } from '../helpers/kill-run.ts'

/**
 * Killed with SIGKILL in the middle of inference and started again: nothing that was stored is inferred again, and the
 * outputs are those of an undisturbed run, byte for byte. `npm run torture` does it many times, at random moments.
 */
const kills = Number(process.env['MASKLOOM_KILLS'] ?? 2)
const images = Number(process.env['MASKLOOM_KILL_IMAGES'] ?? 3)
const random = kills > 2

let demo: DemoProject
let reference: Reference

beforeAll(async () => {
  demo = demoProject({ images })
  reference = await referenceRun(demo)
}, 600_000)

afterAll(() => demo.remove())

it.each(
  Array.from({ length: kills }, (_, i) => ({
    share: random ? Math.random() * 0.98 : [0.45, 0.8][i % 2]!,
    whom: i % 2 === 0 ? ('group' as const) : ('parent' as const),
    name: `kill-${i}`,
  })),
)(
  'continues after SIGKILL of the $whom at $share of the inferences',
  async options => {
    const result = await killAndContinue(demo, reference, options)
    const stored = Object.values(result.committed).flat()
    if (random)
      process.stdout.write(
        `${options.whom} killed after ${result.inferencesBefore} of ${reference.inferences} inferences, ${stored.length} results stored, ${result.inferencesAfter} inferences after\n`,
      )
    expect(result).toMatchObject({ inferredAgain: [], different: [], status: 'done' })
    expect(stored).not.toContain('unknown')
    expect(result.inferencesAfter).toBeLessThanOrEqual(
      reference.inferences - (result.committed['leaf'] ?? []).length * 12,
    )
    // At 80 % something must have been stored, or nothing was tested.
    if (options.share >= 0.8) expect(stored.length).toBeGreaterThan(0)
  },
  600_000,
)
