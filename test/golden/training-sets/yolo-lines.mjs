// Random masks and the lines of YOLO that we write for them: `node yolo-lines.mjs > LINES.json` after `npm run build`.
import { joinedOutline } from '../../../dist/nodes/kernels/joined-outline.js'
import { encodeDense, maskCounts } from '../../../dist/nodes/kernels/rle.js'

let state = 7
const random = () => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0
  return state / 2 ** 32
}
const between = (low, high) => low + Math.floor(random() * (high - low + 1))

const cases = []
while (cases.length < 60) {
  const size = [between(1, 45), between(1, 45)]
  const [height, width] = size
  const blobs = Array.from({ length: between(1, 4) }, () => [between(0, width), between(0, height), between(1, 14), random() < 0.3])
  const noise = cases.length % 6 === 5 ? 0.5 : 0
  const pixels = new Uint8Array(height * width)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (const [cx, cy, r, hole] of blobs) if ((x - cx) ** 2 + (y - cy) ** 2 < r * r) pixels[y * width + x] = hole ? 0 : 1
      if (random() < noise) pixels[y * width + x] ^= 1
    }
  }
  if (!pixels.includes(1)) continue
  const masks = encodeDense(pixels, size, 'row-major')
  const text = corners => {
    const shares = Array.from(joinedOutline(masks, 0, corners), (value, i) =>
      Number((value / (i % 2 === 0 ? width : height)).toFixed(6)),
    )
    return [0, ...shares].join(' ')
  }
  cases.push({ size, counts: [...maskCounts(masks, 0)], line: text('edges'), centres: text('centres') })
}
console.log(JSON.stringify(cases))
