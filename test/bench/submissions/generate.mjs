import { once } from 'node:events'
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'

/**
 * Submissions of a leaf and of a parent model for images that do not exist: clusters of blobs of 1024 × 768 frames, about
 * four near-duplicates of each, every class of a small hierarchy of Open Images' shape. Repeatable, and quick enough for
 * a hundred thousand images: masks come from a stock of 6,000.
 */
export async function generate(folder, { images, detections }) {
  const next = dice(1)
  const [height, width] = [768, 1024]
  const stock = Array.from({ length: 150 }, () => {
    const [x, y] = [60 + next() * (width - 120), 60 + next() * (height - 120)]
    const [rx, ry] = [6 + 18 * next(), 6 + 18 * next()]
    return Array.from({ length: 40 }, () =>
      blob(
        x + 6 * next() - 3,
        y + 6 * next() - 3,
        rx * (0.85 + 0.3 * next()),
        ry * (0.85 + 0.3 * next()),
        height,
        width,
      ),
    )
  })
  const leaves = Array.from({ length: 275 }, (_, i) => `/m/leaf${i}`)
  const parents = Array.from({ length: 23 }, (_, i) => `/m/parent${i}`)
  mkdirSync(join(folder, 'leaf'), { recursive: true })
  mkdirSync(join(folder, 'parent'), { recursive: true })
  const ids = Array.from(
    { length: images },
    (_, i) => ((i * 2654435761) % 2 ** 32).toString(16).padStart(8, '0') + i.toString(16).padStart(8, '0'),
  )
  const size = Math.ceil(images / 25)
  for (const [kind, classes, count] of [
    ['leaf', leaves, detections],
    ['parent', parents, detections],
  ]) {
    for (let shard = 0; shard < 25; shard++) {
      const out = createWriteStream(join(folder, kind, `${kind}_${shard}of25.csv`))
      out.write('ImageID,ImageWidth,ImageHeight,PredictionString\n')
      for (const id of ids.slice(shard * size, (shard + 1) * size)) {
        const places = Array.from({ length: Math.ceil(count / 4) }, () => Math.floor(next() * stock.length))
        const words = []
        for (let k = 0; k < count; k++) {
          const place = places[k % places.length]
          const own = classes[(place * 7 + (next() < 0.2 ? 1 : 0)) % classes.length]
          words.push(own, (next() ** 3 * 0.999 + 0.000001).toFixed(6), stock[place][Math.floor(next() * 40)])
        }
        if (!out.write(`${id},${width},${height},${words.join(' ')}\n`)) await once(out, 'drain')
      }
      out.end()
      await once(out, 'finish')
    }
  }
  writeFileSync(
    join(folder, 'list.csv'),
    `ImageID,ImageWidth,ImageHeight,PredictionString\n${ids.map(id => `${id},-1,-1,`).join('\n')}\n`,
  )
  writeFileSync(join(folder, 'classes.csv'), [...leaves, ...parents].map(id => `${id},${id.slice(3)}\n`).join(''))
  const below = (parent, from, step) => ({
    LabelName: parent,
    Subcategory: leaves.filter((_, i) => i % step === from).map(id => ({ LabelName: id })),
  })
  const tree = parents.slice(1).map((parent, i) => below(parent, i, 22))
  writeFileSync(
    join(folder, 'hierarchy.json'),
    JSON.stringify({
      LabelName: 'all',
      Subcategory: [{ LabelName: parents[0], Subcategory: tree.slice(0, 8) }, ...tree.slice(8)],
    }),
  )
}

function dice(seed) {
  let state = seed
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
}

function blob(cx, cy, rx, ry, height, width) {
  const counts = []
  let position = 0
  for (let x = Math.max(0, Math.ceil(cx - rx)); x <= Math.min(width - 1, cx + rx); x++) {
    const half = ry * Math.sqrt(Math.max(0, 1 - ((x - cx) / rx) ** 2)) * (0.9 + 0.1 * Math.sin(x))
    const [top, bottom] = [Math.max(0, Math.round(cy - half)), Math.min(height, Math.round(cy + half))]
    if (bottom <= top) continue
    counts.push(x * height + top - position, bottom - top)
    position = x * height + bottom
  }
  counts.push(width * height - position)
  let text = ''
  counts.forEach((count, i) => {
    let rest = i > 2 ? count - counts[i - 2] : count
    for (let more = true; more; ) {
      let group = rest & 31
      rest >>= 5
      more = group & 16 ? rest !== -1 : rest !== 0
      if (more) group |= 32
      text += String.fromCharCode(group + 48)
    }
  })
  return deflateSync(Buffer.from(text), { level: 9 }).toString('base64')
}
