import { describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import type { Facets } from '../../engine/contract/kind.ts'
import {
  type ByClass,
  checkByClass,
  numberOfItem,
  numbersByInstance,
  numbersByLabel,
} from '../../nodes/values/by-class.ts'
import { classesInFacets } from '../../nodes/values/class-lists.ts'
import { classesOf, typedRun } from '../helpers/collections.ts'
import { testCheck } from '../helpers/run-context.ts'

const cells = classesOf('shsy5y', 'astro', 'cort')
const named: Facets = {
  classes: [
    { id: '/m/1', name: 'Cat' },
    { id: '/m/2', name: 'Dog' },
  ],
}
const context = (group?: Facets) => typedRun({ ...(group && { group: [group] }) }).context

function problems(value: ByClass, own: Facets | 'none' | undefined, group?: Facets) {
  const check = testCheck({ inputs: group ? { group: [group] } : {} })
  checkByClass('iou', value, own === 'none' ? own : classesInFacets(own), check.context)
  return check.problems
}

describe('parameters by class', () => {
  const iou = { astro: 0.9, others: 0.6 }

  it('are one number for all, or looked up by id, by name, or as others', () => {
    const byLabel = (value: ByClass, facets: Facets) => [
      ...numbersByLabel('iou', value, 3, () => classesInFacets(facets)!, undefined, context()),
    ]
    expect(byLabel(0.5, cells)).toEqual([0.5, 0.5, 0.5])
    expect(byLabel(iou, cells)).toEqual([0.6, 0.9, 0.6])
    expect(byLabel({ '/m/1': 0.1, Dog: 0.2 }, named)).toEqual([0.1, 0.2])
  })

  it('go by the label of each instance', () => {
    const labels = Int32Array.of(1, 0, 1)
    expect([...numbersByInstance('iou', iou, labels, () => classesInFacets(cells)!, undefined, context())]).toEqual([
      0.9, 0.6, 0.9,
    ])
  })

  it('go by the image, and by its label only, when a group is bound', () => {
    const group = { text: 'astro' }
    const never = () => {
      throw new Error('asked for the classes of the labels')
    }
    expect(numberOfItem('iou', iou, group, context(cells))).toBe(0.9)
    expect([...numbersByLabel('iou', iou, 2, never, group, context(cells))]).toEqual([0.9, 0.9])
    expect([...numbersByInstance('iou', iou, Int32Array.of(0, 1), never, group, context(cells))]).toEqual([0.9, 0.9])
    expect(numberOfItem('iou', { Cat: 0.3, Dog: 0.4 }, { text: '/m/2' }, context(named))).toBe(0.4)
  })

  it('without a number for what is there are an error that names it', () => {
    expect(() => numberOfItem('iou', { astro: 1 }, { text: 'cort' }, context(cells))).toThrow(TaskError)
    expect(() => numberOfItem('iou', { astro: 1 }, { text: 'cort' }, context(cells))).toThrow(
      'iou has no number for cort',
    )
    expect(() => numberOfItem('iou', { astro: 1 }, undefined, context())).toThrow('there is no group')
  })

  it('do not take the names of object members for classes', () => {
    expect(() => numberOfItem('iou', { astro: 1 }, { text: 'constructor' }, context())).toThrow(
      'no number for constructor',
    )
  })
})

describe('checking parameters by class', () => {
  it('has nothing against one number, a full map, or others', () => {
    expect(problems(0.5, 'none')).toEqual([])
    expect(problems({ shsy5y: 1, astro: 1, cort: 1 }, cells)).toEqual([])
    expect(problems({ others: 1 }, cells)).toEqual([])
    expect(problems({ anything: 1 }, undefined)).toEqual([])
  })

  it('finds classes that do not exist and classes without a number', () => {
    expect(problems({ shsy5y: 1, astor: 1, cort: 1 }, cells)).toEqual([
      {
        param: 'iou',
        message: 'iou names the class astor, which is none of shsy5y, astro, cort',
        fix: 'did you mean astro?',
      },
      {
        param: 'iou',
        message: 'iou has no number for astro',
        fix: 'add it, or others: for all classes that are not named',
      },
    ])
  })

  it('takes a class that is nearly others for it', () => {
    const message = 'iou names the class othres, which is none of shsy5y, astro, cort'
    expect(problems({ othres: 1 }, cells)[0]).toEqual({ param: 'iou', message, fix: 'did you mean others?' })
  })

  it('asks for a group where there are no labels, and goes by the group’s classes where there is one', () => {
    expect(problems({ astro: 1 }, 'none')).toEqual([
      {
        param: 'iou',
        message: 'iou is written by class, but there is no class to go by',
        fix: 'bind the input group, or write one number',
      },
    ])
    expect(problems({ astro: 1, others: 2 }, 'none', cells)).toEqual([])
    expect(problems({ Nucleus: 1, others: 2 }, classesOf('Nucleus'), cells)[0]?.message).toContain(
      'names the class Nucleus',
    )
  })
})
