import { expect, it } from 'vitest'
import { load } from '../../engine/api/load.ts'
import { plan } from '../../engine/api/plan.ts'
import { apiRun, fakeNodes } from '../helpers/api-run.ts'
import { project } from '../helpers/project.ts'
import { stagedPipeline, threeTexts } from '../helpers/staged-pipeline.ts'

it('the forecast of time counts what may run as if it did, and says what is certain', async () => {
  const texts = Object.fromEntries(Object.entries(threeTexts).map(([name, text]) => [`texts/${name}.txt`, text]))
  const slow = stagedPipeline.replace('delay: { type: number, default: 0 }', 'delay: { type: number, default: 60 }')
  const folder = project({ 'pipeline.yaml': slow, ...texts })
  await apiRun(folder)
  const pipeline = await load('pipeline.yaml', { directory: folder, nodes: [fakeNodes], set: ['separator=-'] })
  const { totals, time } = await plan(pipeline)
  // The pooled outlines are new. Whether the maps are read again, for which six scans must be repeated, depends on them.
  expect(totals.run).toBeGreaterThan(0)
  expect(totals.inferences).toBe(0)
  expect(totals.inferencesAtMost).toBe(6)
  expect(time!.ms - time!.atLeastMs).toBeGreaterThan(150)
})
