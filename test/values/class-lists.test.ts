import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeClasses, explainClassDifference, uniteClassLists } from '../../nodes/values/class-lists.ts'
import { classesKind } from '../../nodes/values/classes.ts'
import { classesOf } from '../helpers/collections.ts'

describe('class lists', () => {
  it('unite by id in order of first appearance, never by position', () => {
    const { classes, labelMaps } = uniteClassLists([
      classesOf('cat', 'dog').classes,
      [
        { id: 'bus', name: 'Bus' },
        { id: 'cat', name: 'Katze' },
      ],
    ])
    expect(classes.map(({ id }) => id)).toEqual(['cat', 'dog', 'bus'])
    expect(classes[0]?.name).toBe('cat')
    expect(labelMaps).toEqual([Int32Array.of(0, 1), Int32Array.of(2, 0)])
  })

  it('keep every class under its id when united', () => {
    const list = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 })
    fc.assert(
      fc.property(fc.array(list, { minLength: 1, maxLength: 4 }), lists => {
        const { classes, labelMaps } = uniteClassLists(lists.map(ids => classesOf(...ids).classes))
        expect(new Set(classes.map(({ id }) => id)).size).toBe(classes.length)
        for (const [p, ids] of lists.entries()) {
          expect(ids.map((_, label) => classes[labelMaps[p]![label]!]?.id)).toEqual(ids)
        }
      }),
    )
  })

  it('are described by number and first names', () => {
    expect(describeClasses(classesOf('a').classes)).toBe('1 class (a)')
    expect(describeClasses(classesOf('a', 'b', 'c', 'd').classes)).toBe('4 classes (a, b, c, …)')
  })

  it('say how they differ: other classes, another order, other names', () => {
    expect(explainClassDifference(classesOf('a', 'b'), classesOf('c'))).toBe('2 classes (a, b) against 1 class (c)')
    expect(explainClassDifference(classesOf('a', 'b'), classesOf('b', 'a'))).toBe(
      'the same 2 classes in another order (label 0 is a against b)',
    )
    expect(explainClassDifference(classesOf('a'), { classes: [{ id: 'a', name: 'A' }] })).toContain('different names')
    expect(explainClassDifference(classesOf('a'), {})).toBe('1 class (a) against none')
  })

  it('may not repeat an id', () => {
    expect(() => classesKind.encode(classesOf('a', 'b', 'a'))).toThrow('classes 0 and 2 have the same id a')
  })
})
