import { choiceWithout, newMt19937, shuffle } from './mt19937.ts'

/**
 * The order of an epoch in which images come several times, repetitions spread over its length: images that come once
 * are shuffled; then for c = 2, 3, … the list so far is cut into c slices and each slice receives every image that comes
 * c times, at random places. Source: make_rebalanced_train_ann*.py of the 7th-place solution of Open Images 2019.
 *
 * - Slices have ceil(length / c) entries, the last what is left (it may be empty).
 * - Slice i draws with the seed `seed + i`, whatever c is; the beginning with `seed`.
 * - `slices: 'keep'`: what was in a slice keeps its order. `'scramble'`: it does not, as in the source, where the places of
 *   the old entries are an unsorted choice. The draws are the same.
 *
 * @param counts [images] how often each comes; 0 = not at all.
 * @returns images by place.
 */
export function epochOrder(
  counts: ArrayLike<number>,
  seed: number,
  slices: 'keep' | 'scramble',
): Uint32Array<ArrayBuffer> {
  const byCount = new Map<number, number[]>()
  for (let image = 0; image < counts.length; image++) {
    const list = byCount.get(counts[image]!)
    if (list) list.push(image)
    else byCount.set(counts[image]!, [image])
  }
  let order = Uint32Array.from(byCount.get(1) ?? [])
  shuffle(newMt19937(seed), order)
  const times = [...byCount.keys()].filter(count => count > 1).sort((a, b) => a - b)
  for (const count of times) order = insert(order, byCount.get(count)!, count, seed, slices)
  return order
}

function insert(
  order: Uint32Array,
  images: readonly number[],
  count: number,
  seed: number,
  slices: 'keep' | 'scramble',
): Uint32Array<ArrayBuffer> {
  const merged = new Uint32Array(order.length + count * images.length)
  const length = Math.ceil(order.length / count)
  for (let slice = 0, at = 0; slice < count; slice++) {
    const old = order.subarray(slice * length, (slice + 1) * length)
    const random = newMt19937(seed + slice)
    const added = Uint32Array.from(images)
    shuffle(random, added)
    const total = old.length + added.length
    const places = choiceWithout(random, total, old.length)
    if (slices === 'keep') places.sort()
    const taken = new Uint8Array(total)
    places.forEach((place, i) => {
      merged[at + place] = old[i]!
      taken[place] = 1
    })
    let next = 0
    for (let place = 0; place < total; place++) if (!taken[place]) merged[at + place] = added[next++]!
    at += total
  }
  return merged
}
