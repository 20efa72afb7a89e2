import { describe, expect, it } from 'vitest'
import { fillHoles } from '../../nodes/kernels/components.ts'
import { concatMasks, emptyMasks, selectMasks } from '../../nodes/kernels/mask-sets.ts'
import { maskBoxesXyxy } from '../../nodes/kernels/rle.ts'
import type { Instances } from '../../nodes/values/instances.ts'
import { type Dataset, formats, through } from '../helpers/data-formats.ts'
import { decoded, drawn, encoded, rows } from '../helpers/dense-masks.ts'

/** Objects with everything that formats trip over: parts, holes, one pixel, the whole edge of the picture, overlaps. */
function data(): Dataset {
  const classes = ['no', 'cat', 'dog'].map(id => ({ id, name: id }))
  return {
    classes,
    items: {
      dog_one: instances(
        [2, 2, 2],
        ['##...../##...../......./.......', '......./....###/....#.#/....###', '#....../......./......./......#'],
      ),
      cat_two: instances([1, 1], ['####/####/####/####', '..../.##./.##./....']),
      no_none: { ...instances([0], ['..../....']), ...none([2, 4]) },
      cat_thin: instances([1], ['.#######/........']),
    },
  }
}

function instances(labels: readonly number[], pictures: readonly string[]): Instances {
  const masks = encoded(...pictures.map(drawn))
  return {
    sizeHw: masks.sizeHw,
    boxesXyxy: maskBoxesXyxy(masks),
    scores: new Float64Array(labels.length).fill(1),
    labels: Int32Array.from(labels),
    masks,
  }
}

function none(sizeHw: readonly [number, number]): Instances {
  return {
    sizeHw,
    boxesXyxy: new Float64Array(0),
    scores: new Float64Array(0),
    labels: new Int32Array(0),
    masks: emptyMasks(sizeHw, 0),
  }
}

/** What a format is known to lose (docs/training-sets.md): its data set after the loss. */
const losses: { readonly [format: string]: (data: Dataset) => Dataset } = {
  // Polygons are united, so they cannot say hole; the class is in the file name and classes are in order of their ids.
  LIVECell: given => {
    const kindOf = (id: string) => id.split('_')[0]!
    const kinds = [...new Set(Object.keys(given.items).map(kindOf))].sort()
    return {
      classes: kinds.map(id => ({ id, name: id })),
      items: mapItems(given, (one, id) => ({
        ...one,
        labels: one.labels.map(() => kinds.indexOf(kindOf(id))),
        masks: fillHoles(one.masks),
      })),
    }
  },
  // One class; a pixel has one owner, here the first.
  'label pictures': given => ({
    classes: [{ id: 'object', name: 'object' }],
    items: mapItems(given, one => {
      const shown = withoutOverlaps(one)
      return { ...shown, labels: new Int32Array(shown.labels.length) }
    }),
  }),
}

const afterLoss = (format: string, given: Dataset) => losses[format]?.(given) ?? given

function mapItems({ items }: Dataset, change: (one: Instances, id: string) => Instances): Dataset['items'] {
  return Object.fromEntries(Object.entries(items).map(([id, one]) => [id, change(one, id)]))
}

function withoutOverlaps(one: Instances): Instances {
  const taken = new Set<number>()
  const pictures = Array.from(one.labels, (_, i) => {
    const dense = decoded(one.masks, i)
    const pixels = dense.pixels.map((value, k) => (value && !taken.has(k) ? 1 : 0))
    for (const [k, value] of dense.pixels.entries()) if (value) taken.add(k)
    return { ...dense, pixels }
  }).filter(({ pixels }) => pixels.includes(1))
  return instancesOf(
    one.sizeHw,
    pictures.map(picture => encoded(picture)),
  )
}

function instancesOf(sizeHw: readonly [number, number], masks: ReturnType<typeof encoded>[]): Instances {
  return {
    ...none(sizeHw),
    labels: new Int32Array(masks.length),
    masks: concatMasks([emptyMasks(sizeHw, 0), ...masks]),
  }
}

/** Class and pixels of every object, and of what size its picture is. */
function shown({ classes, items }: Dataset) {
  const entries = Object.entries(items).map(([id, { sizeHw, labels, masks }]) => [
    id,
    [
      sizeHw.join('x'),
      ...Array.from(labels, (label, i) => `${classes[label]!.id} ${rows(decoded(selectMasks(masks, [i])))}`),
    ],
  ])
  return Object.fromEntries(entries.sort())
}

describe('every format', () => {
  it.each(formats.map(format => [format.name, format] as const))(
    'is read as it was written: %s',
    async (name, format) => {
      expect(shown(await through(format, data()))).toEqual(shown(afterLoss(name, data())))
    },
  )

  it('states the boxes of masks within what its coordinates can say', async () => {
    for (const format of formats) {
      const { items } = await through(format, data())
      for (const [id, { boxesXyxy, masks }] of Object.entries(items)) {
        const exact = format.name === 'LIVECell' ? data().items[id]!.boxesXyxy : maskBoxesXyxy(masks)
        for (const [i, side] of boxesXyxy.entries()) expect(side).toBeCloseTo(exact[i]!, 9)
      }
    }
  })
})

describe('every ordered pair of formats', () => {
  const pairs = formats.flatMap(from =>
    formats.filter(to => to !== from).map(to => [from.name, to.name, from, to] as const),
  )

  it.each(pairs)('loses only what one of both loses: %s to %s', async (_from, _to, from, to) => {
    const first = await through(from, data())
    const second = await through(to, first)
    expect(shown(second)).toEqual(shown(afterLoss(to.name, afterLoss(from.name, data()))))
  })

  it('are thirty', () => {
    expect(pairs).toHaveLength(30)
  })
})
