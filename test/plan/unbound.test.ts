import { describe, expect, it } from 'vitest'
import { checkUnbound } from '../../engine/plan/compile.ts'
import { given, project, smallWorld } from '../../engine/testing/small-world.ts'
import { shownProblems } from '../helpers/broken.ts'
import { rootPath } from '../helpers/compiling.ts'
import { smallFiles, smallRegistry } from '../helpers/small-registry.ts'
import { threeStage } from '../helpers/three-stage-small.ts'

async function problemsOf(text: string, params: Parameters<typeof given>[0] = {}): Promise<string> {
  const world = smallWorld({ ...smallFiles, 'pipelines/main.yaml': text })
  const root = world.loadPipeline(rootPath)
  if (!root.ok) throw new Error(JSON.stringify(root.problems))
  const request = { root: root.value, given: given(params), targets: [], registry: smallRegistry, surroundings: world }
  const textOf = (file: string) => new TextDecoder().decode(world.readFile(file))
  return shownProblems(await checkUnbound(request), textOf, { path: rootPath, folder: project })
}

describe('a pipeline whose inputs are not bound', () => {
  it('has no problems if only values are missing', async () => {
    expect(await problemsOf(threeStage)).toBe('')
  })

  it('is checked for names, kinds, literals and paths, values or not', async () => {
    const text = threeStage
      .replace(
        'uses: ensemble/proposals, over: [model, flip]',
        'uses: ensemble/proposals, over: [model, flip], with: { max: 0 }',
      )
      .replace(
        'features: propose.features, proposals: proposals.proposals',
        'features: propose.proposals, proposals: proposals.proposal',
      )
      .replace('with: { iou: "${params.iou}" }', 'with: { iou: "${params.iou}", scor: 1 }')
      .replace('instances: masks.instances', 'instances: masks.instance')
      .replace('kind: image', 'kind: imag')
    expect(await problemsOf(text)).toBe(`8:19-23 bad-value  there is no kind of value \`imag\`
  fix: did you mean \`image\`?
15:76-77 bad-param  \`max\` of \`ensemble/proposals\`: expected a whole number of at least 1, found 0
16:65-82 wrong-kind  input \`features\` of \`detect/boxes\` takes features, and \`propose.proposals\` is proposals
  note 10:3-10 \`propose.proposals\` is made here
  fix: \`propose.features\` would fit
16:95-113 unknown-port  step \`proposals\` has no output \`proposal\`
  fix: did you mean \`proposals.proposals\`?
18:64-68 unknown-param  \`boxes/nms\` has no parameter \`scor\`
  fix: did you mean \`score\`?
22:14-28 unknown-port  step \`masks\` has no output \`instance\`
  fix: did you mean \`masks.instances\`?`)
  })

  it('is checked for axes and coordinates as soon as their values are known', async () => {
    const text = threeStage.replace(
      'over: [model, flip], in: { proposals: propose.proposals }',
      'over: [model], in: { proposals: propose.proposals }',
    )
    expect(await problemsOf(text)).toBe('')
    expect(
      await problemsOf(text, { models: ['models/L1', 'models/L2'] }),
    ).toBe(`15:74-91 open-axis  \`propose\` has the axis \`flip\`, which \`proposals\` neither has nor folds
  fix: write \`over: [model, flip]\` to fold it, \`matrix: propose\` to keep it, or \`where: { flip: … }\` to pick one`)
  })

  it('is told of a given value that does not fit', async () => {
    expect(await problemsOf(threeStage, { iou: 2 })).toBe(
      'nowhere bad-param  parameter `iou`: expected a number from 0 to 1, found 2',
    )
  })
})
