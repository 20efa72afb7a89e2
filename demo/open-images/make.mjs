// Writes the annotations of the scenes (../annotations.json) in the layout of Open Images 2019: segmentation-masks.csv
// (and the same in two parts), a one-bit picture for each mask, image-labels.csv, sample_empty_submission.csv. Run: node demo/open-images/make.mjs (after npm run build)
import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import sharp from 'sharp'
import { decodeDense, countsToMaskSet } from '../../dist/nodes/kernels/rle.js'
import { decodeCounts } from '../../dist/nodes/kernels/rle-string.js'

const at = path => new URL(path, import.meta.url)
const { images, annotations, categories } = JSON.parse(readFileSync(at('../annotations.json'), 'utf8'))
const midOf = new Map(categories.map(({ id, mid }) => [id, mid]))
const rows = ['MaskPath,ImageID,LabelName,BoxID,BoxXMin,BoxXMax,BoxYMin,BoxYMax,PredictedIoU,Clicks']
const labels = new Map()
mkdirSync(at('masks'), { recursive: true })
for (const { image_id, category_id, bbox, segmentation, id } of annotations) {
  const { file_name, width, height } = images.find(image => image.id === image_id)
  const image = file_name.replace('.jpg', '')
  const mid = midOf.get(category_id)
  const boxId = createHash('sha256').update(`${id}`).digest('hex').slice(0, 8)
  const name = `${image}_${mid.slice(1).replace('/', '')}_${boxId}.png`
  const [x, y, w, h] = bbox
  const shares = [x / width, (x + w) / width, y / height, (y + h) / height].map(share => share.toFixed(6))
  rows.push([name, image, mid, boxId, ...shares, '1.00000', ''].join())
  labels.set(`${image},${mid}`, 1)
  const pixels = decodeDense(countsToMaskSet([decodeCounts(segmentation.counts, [height, width])], [height, width]), 0, 'row-major')
  const grey = Buffer.from(pixels.map(value => value * 255))
  const png = sharp(grey, { raw: { width, height, channels: 1 } }).png({ palette: true, colours: 2, bitdepth: 1, compressionLevel: 9 })
  writeFileSync(at(`masks/${name}`), await png.toBuffer())
}
// Everything else was looked for and is not there.
for (const { file_name } of images) {
  for (const { mid } of categories) {
    const pair = `${file_name.replace('.jpg', '')},${mid}`
    if (!labels.has(pair)) labels.set(pair, 0)
  }
}
const ids = images.map(({ file_name }) => file_name.replace('.jpg', '')).sort()
// The order of a test list is anybody's guess; this one is by the last characters.
const listed = ids.toSorted((a, b) => (a.slice(-4) < b.slice(-4) ? -1 : 1))
const [header, ...objects] = rows
const part = own => `${[header, ...objects.filter(row => own(ids.indexOf(row.split(',')[1])))].join('\n')}\n`
writeFileSync(at('segmentation-masks.csv'), part(() => true))
writeFileSync(at('train-segmentation-masks.csv'), part(place => place < 18))
writeFileSync(at('extra-segmentation-masks.csv'), part(place => place >= 18))
writeFileSync(at('image-labels.csv'), `ImageID,LabelName,Confidence\n${[...labels].map(([pair, there]) => `${pair},${there}`).sort().join('\n')}\n`)
writeFileSync(
  at('sample_empty_submission.csv'),
  `ImageID,ImageWidth,ImageHeight,PredictionString\n${listed.map(id => `${id},-1,-1,`).join('\n')}\n`,
)
