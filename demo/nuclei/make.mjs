// Makes the pictures and annotations of this folder: `node demo/nuclei/make.mjs`. Three kinds of invented cells, drawn by a
// seeded generator; nothing in them was photographed. The CSV has the layout of the Sartorius competition and two of its
// flaws: a hole in a mask, and masks that leak, with a correction picture for them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import sharp from 'sharp'

const folder = dirname(fileURLToPath(import.meta.url))
const WIDTH = 256
const HEIGHT = 192

function generator(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

/** How the three kinds look: number, radius in pixels, flattening, waves on the outline, brightness. */
const kinds = {
  shsy5y: { cells: 34, radius: [5, 8], flat: 0.6, waves: 0.05, bright: [110, 190] },
  astro: { cells: 8, radius: [15, 21], flat: 0.8, waves: 0.08, bright: [120, 180] },
  cort: { cells: 10, radius: [6, 9], flat: 0.95, waves: 0.03, bright: [160, 230] },
}

function drawPicture(kind, random) {
  const look = kinds[kind]
  const between = ([low, high]) => low + random() * (high - low)
  const grey = new Float64Array(WIDTH * HEIGHT).fill(22)
  const owner = new Int16Array(WIDTH * HEIGHT).fill(-1)
  const taken = []
  for (let tries = 0; taken.length < look.cells && tries < 4000; tries++) {
    const radius = between(look.radius)
    const [x, y] = [radius + random() * (WIDTH - 2 * radius), radius + random() * (HEIGHT - 2 * radius)]
    if (taken.some(other => Math.hypot(other.x - x, other.y - y) < 0.85 * (other.radius + radius))) continue
    const phase = random() * 6.28
    const cell = { x, y, radius, angle: random() * 3.14, bright: between(look.bright), phase }
    for (let py = Math.max(0, Math.floor(y - 2 * radius)); py < Math.min(HEIGHT, y + 2 * radius); py++) {
      for (let px = Math.max(0, Math.floor(x - 2 * radius)); px < Math.min(WIDTH, x + 2 * radius); px++) {
        const [dx, dy] = [px + 0.5 - x, py + 0.5 - y]
        const along = dx * Math.cos(cell.angle) + dy * Math.sin(cell.angle)
        const across = (dy * Math.cos(cell.angle) - dx * Math.sin(cell.angle)) / look.flat
        const outline = radius * (1 + look.waves * Math.sin(5 * Math.atan2(across, along) + phase))
        const share = Math.hypot(along, across) / outline
        const at = py * WIDTH + px
        if (share < 1 && owner[at] < 0) {
          owner[at] = taken.length
          grey[at] = cell.bright * (1 - 0.35 * share * share)
        } else if (share < 1.25 && owner[at] < 0) {
          grey[at] = Math.max(grey[at], 22 + (cell.bright - 22) * Math.max(0, 0.5 - 2 * (share - 1)))
        }
      }
    }
    taken.push(cell)
  }
  for (let at = 0; at < grey.length; at++) grey[at] += 3 * (random() + random() - 1)
  return { grey: Uint8Array.from(grey, value => Math.max(0, Math.min(255, Math.round(value)))), owner, cells: taken.length }
}

const maskOf = (owner, cell) => Uint8Array.from(owner, value => (value === cell ? 1 : 0))

/** Start and length of runs along rows, from 1. */
function rowRuns(mask) {
  const parts = []
  for (let at = 0; at < mask.length; at++) {
    if (!mask[at]) continue
    const start = at
    while (at + 1 < mask.length && mask[at + 1]) at++
    parts.push(start + 1, at - start + 1)
  }
  return parts.join(' ')
}

/** COCO's counts, down columns. */
function cocoCounts(mask) {
  const counts = []
  let value = 0
  let run = 0
  for (let x = 0; x < WIDTH; x++) {
    for (let y = 0; y < HEIGHT; y++) {
      const next = mask[y * WIDTH + x]
      if (next === value) run++
      else {
        counts.push(run)
        run = 1
        value = next
      }
    }
  }
  return [...counts, run]
}

function boxOf(mask) {
  const xs = []
  const ys = []
  for (let at = 0; at < mask.length; at++) {
    if (!mask[at]) continue
    xs.push(at % WIDTH)
    ys.push(Math.floor(at / WIDTH))
  }
  const [x, y] = [Math.min(...xs), Math.min(...ys)]
  return [x, y, Math.max(...xs) - x + 1, Math.max(...ys) - y + 1]
}

mkdirSync(join(folder, 'images'), { recursive: true })
mkdirSync(join(folder, 'corrections'), { recursive: true })
const rows = ['id,annotation,width,height,cell_type,plate_time,sample_date,sample_id,elapsed_timedelta']
const coco = { images: [], categories: [{ id: 1, name: 'Nucleus' }], annotations: [] }
const names = Object.keys(kinds)
for (let picture = 0; picture < 9; picture++) {
  const kind = names[picture % 3]
  const id = `${kind.slice(0, 2)}${(1000003 * (picture + 7)).toString(16)}`
  const random = generator(100 + picture)
  const { grey, owner, cells } = drawPicture(kind, random)
  await sharp(grey, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
    .png({ compressionLevel: 9, palette: false })
    .toFile(join(folder, 'images', `${id}.png`))
  coco.images.push({ id: picture + 1, file_name: `${id}.png`, width: WIDTH, height: HEIGHT })
  const leaks = picture === 1
  for (let cell = 0; cell < cells; cell++) {
    const mask = maskOf(owner, cell)
    const area = mask.reduce((sum, value) => sum + value, 0)
    if (area < 12) continue
    const annotated = mask.slice()
    if (picture === 0 && cell === 2) pierce(annotated)
    if (leaks && cell < 2) leak(annotated)
    const plate = `plate${1 + Math.floor(picture / 5)}`
    const sample = `${kind}[${plate}]_${'ABC'[picture % 3]}${1 + Math.floor(picture / 3)}-${1 + (picture % 2)}_Vessel-7_Ph_1`
    rows.push(`${id},${rowRuns(annotated)},${WIDTH},${HEIGHT},${kind},11h30m00s,2019-06-16,${sample},0 days 11:30:00`)
    coco.annotations.push({
      id: coco.annotations.length + 1,
      image_id: picture + 1,
      category_id: 1,
      bbox: boxOf(mask),
      area,
      iscrowd: 0,
      segmentation: { size: [HEIGHT, WIDTH], counts: cocoCounts(mask) },
    })
  }
  if (leaks) {
    const white = Uint8Array.from(owner, value => (value >= 0 ? 255 : 0))
    await sharp(white, { raw: { width: WIDTH, height: HEIGHT, channels: 1 } })
      .png({ compressionLevel: 9 })
      .toFile(join(folder, 'corrections', `${id}.png`))
  }
}
writeFileSync(join(folder, 'train.csv'), `${rows.join('\n')}\n`)
writeFileSync(join(folder, 'annotations.json'), `${JSON.stringify(coco)}\n`)

/** Takes the pixel in the middle out, so that the mask has a hole. */
function pierce(mask) {
  const [x, y, w, h] = boxOf(mask)
  mask[Math.floor(y + h / 2) * WIDTH + Math.floor(x + w / 2)] = 0
}

/** Adds four rows of pixels over the whole box at its top, as if the brush had slipped. */
function leak(mask) {
  const [x, y, w] = boxOf(mask)
  for (let row = y; row < y + 4; row++) mask.fill(1, row * WIDTH + x, row * WIDTH + x + w)
}
