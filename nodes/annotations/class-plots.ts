import { drawBars } from '../plot/bars.ts'
import { drawGrid, MOST_SIDES } from '../plot/grid.ts'
import { drawHistogram } from '../plot/histogram.ts'
import { type ClassCounts, labelsByRank } from './class-counts.ts'

/** Bars of instances by class, most first. */
export function drawClasses(counts: ClassCounts): Promise<Uint8Array> {
  return drawBars({
    title: 'Instances by class',
    valueTitle: 'instances',
    bars: labelsByRank(counts).map(label => ({ name: nameOf(counts, label), value: counts.instances[label]! })),
  })
}

/** How large masks are: their pixels in bins of equal width on a logarithmic axis, four to a power of two. */
export function drawAreas({ areasPx }: ClassCounts): Promise<Uint8Array> {
  const areas = areasPx.flat()
  const powers = areas.reduce((most, area) => Math.max(most, Math.floor(4 * Math.log2(area))), 0)
  const first = areas.reduce((least, area) => Math.min(least, Math.floor(4 * Math.log2(area))), powers)
  const edges = Array.from({ length: powers - first + 2 }, (_, k) => 2 ** ((first + k) / 4))
  const inBins = new Array<number>(edges.length - 1).fill(0)
  for (const area of areas) inBins[Math.floor(4 * Math.log2(area)) - first]!++
  const title = 'Size of masks'
  return drawHistogram({ title, xTitle: 'pixels', yTitle: 'masks', edges, counts: inBins, logarithmic: true })
}

/** How many instances images have: a bar for each number, or at most 40 wider ones. */
export function drawPerImage({ perImage }: ClassCounts): Promise<Uint8Array> {
  const most = perImage.reduce((high, { labels }) => Math.max(high, labels.length), 0)
  const step = Math.ceil((most + 1) / 40)
  const bins = Math.floor(most / step) + 1
  const inBins = new Array<number>(bins).fill(0)
  for (const { labels } of perImage) inBins[Math.floor(labels.length / step)]!++
  const edges = Array.from({ length: bins + 1 }, (_, k) => k * step)
  return drawHistogram({
    title: 'Instances in an image',
    xTitle: 'instances',
    yTitle: 'images',
    edges,
    counts: inBins,
  })
}

/** Images in which two classes are seen together, the most frequent classes; on the diagonal those with the class. */
export function drawTogether(counts: ClassCounts): Promise<Uint8Array> {
  const { images, together } = counts
  const order = labelsByRank(counts).filter(label => images[label]! > 0)
  const drawn = order.slice(0, MOST_SIDES)
  const both = (a: number, b: number) => (a === b ? images[a]! : (together[Math.min(a, b)]!.get(Math.max(a, b)) ?? 0))
  return drawGrid({
    title: 'Classes in one image',
    valueTitle: 'images',
    names: order.map(label => nameOf(counts, label)),
    cells: drawn.flatMap(a =>
      drawn.map(b => ({ row: nameOf(counts, a), column: nameOf(counts, b), value: both(a, b) })),
    ),
  })
}

/** The name people use, unless two classes share it. */
function nameOf({ classes }: ClassCounts, label: number): string {
  const { id, name } = classes[label]!
  if (name === '' || name === id) return id
  return classes.some((other, i) => i !== label && other.name === name) ? `${name} (${id})` : name
}
