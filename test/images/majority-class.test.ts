import { describe, expect, it } from 'vitest'
import type { Facets } from '../../engine/contract/kind.ts'
import { imagesMajorityClass } from '../../nodes/images/majority-class.ts'
import type { ProposalBoxes } from '../../nodes/values/boxes.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { boxInstances } from '../helpers/instances.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const cells = classesOf('shsy5y', 'astro', 'cort')

async function majority(detections: unknown, otherwise?: string, facets: Facets = cells): Promise<unknown> {
  const inputs = { detections, ...(otherwise !== undefined && { otherwise: { text: otherwise } }) }
  return (await runNode(imagesMajorityClass, inputs, {}, typedRun({ detections: [facets] })))['label']
}

const labelled = (...labels: number[]) =>
  boxInstances(
    [4, 4],
    labels.map(label => ({ label, box: [0, 0, 2, 2] })),
  )

const typesOf = (detections: Facets, otherwise?: Facets) =>
  imagesMajorityClass.types!(
    {} as never,
    testCheck({ inputs: { detections: [detections], ...(otherwise && { otherwise: [otherwise] }) } }).context,
  )

describe('images/majority-class', () => {
  it('is the class of most detections, the first in the list of equals', async () => {
    expect(await majority(labelled(1, 2, 2))).toEqual({ text: 'cort' })
    expect(await majority(labelled(2, 1, 1, 2))).toEqual({ text: 'astro' })
  })

  it('counts proposals for their likeliest class', async () => {
    const boxes: ProposalBoxes = {
      frameHw: [4, 4],
      classCount: 3,
      probabilities: Float32Array.of(0.1, 0.2, 0.3, 0.9, 0, 0, 0, 0.1, 0.1, 0, 0.2, 0.1),
      boxesXyxy: new Float32Array(16),
      boxesPerProposal: 1,
    }
    expect(await majority(boxes)).toEqual({ text: 'astro' })
  })

  it('leaves it to the other label where nothing is found or there is one class, else to the first class', async () => {
    expect(await majority(labelled(), 'cort')).toEqual({ text: 'cort' })
    expect(await majority(labelled())).toEqual({ text: 'shsy5y' })
    expect(await majority(labelled(0, 0), 'astro', classesOf('Nucleus'))).toEqual({ text: 'astro' })
    expect(await majority(labelled(0, 0), undefined, classesOf('Nucleus'))).toEqual({ text: 'Nucleus' })
    expect(await majority(labelled(0), 'astro')).toEqual({ text: 'shsy5y' })
  })

  it('knows which texts can occur', async () => {
    expect(await typesOf(cells)).toEqual({ label: cells })
    expect(await typesOf(cells, classesOf('cort', 'glia'))).toEqual({
      label: classesOf('shsy5y', 'astro', 'cort', 'glia'),
    })
    expect(await typesOf(classesOf('Nucleus'), cells)).toEqual({ label: cells })
    expect(await typesOf(cells, {})).toEqual({})
  })
})
