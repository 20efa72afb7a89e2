import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../engine/base/digest.ts'
import { masksCutToPicture } from '../../nodes/masks/cut-to-picture.ts'
import { type Instances, instancesKind } from '../../nodes/values/instances.ts'
import { decoded, drawn, encoded, rows } from '../helpers/dense-masks.ts'
import { runNode, testRun } from '../helpers/run-context.ts'

const masks = encoded(drawn('##../##..'), drawn('..##/..#.'))
const annotations: Instances = {
  sizeHw: [2, 4],
  boxesXyxy: Float64Array.of(0, 0, 2, 2, 2, 0, 4, 2),
  scores: Float64Array.of(1, 1),
  labels: Int32Array.of(0, 1),
  masks,
}

/** A correction from values of red; green and blue are full, and do not count. */
async function cut(red: readonly number[], emptied: 'drop' | 'keep' = 'drop', widthPx = 4): Promise<Instances> {
  const heightPx = red.length / widthPx
  const pixels = Uint8Array.from(red.flatMap(value => [value, 255, 255]))
  const bytes = await sharp(pixels, { raw: { width: widthPx, height: heightPx, channels: 3 } })
    .png()
    .toBuffer()
  const path = join(mkdtempSync(join(tmpdir(), 'maskloom-cut-')), 'correction.png')
  writeFileSync(path, bytes)
  const picture = { sha256: sha256(bytes), widthPx, heightPx, channels: 3, bitDepth: 8, format: 'png' }
  const run = testRun({ sources: { [picture.sha256]: path } })
  const inputs = { instances: annotations, picture }
  const { instances } = (await runNode(masksCutToPicture, inputs, { emptied }, run)) as { instances: Instances }
  instancesKind.encode(instances)
  return instances
}

const pictures = (instances: Instances) => Array.from(instances.scores, (_, i) => rows(decoded(instances.masks, i)))

describe('masks/cut-to-picture', () => {
  it('leaves the pixels that are not black in red, with tight boxes of what changed', async () => {
    const found = await cut([1, 255, 255, 255, 0, 9, 9, 9])
    expect(pictures(found)).toEqual(['1100/0100', '0011/0010'])
    expect([...found.boxesXyxy]).toEqual([0, 0, 2, 2, 2, 0, 4, 2])
    expect([...(await cut([0, 0, 1, 1, 0, 1, 1, 1])).boxesXyxy.slice(0, 4)]).toEqual([1, 1, 2, 2])
  })

  it('drops or keeps what nothing is left of', async () => {
    const red = [0, 0, 9, 9, 0, 0, 9, 9]
    expect(pictures(await cut(red))).toEqual(['0011/0010'])
    expect(pictures(await cut(red, 'keep'))).toEqual(['0000/0000', '0011/0010'])
  })

  it('leaves images without a correction as they are', async () => {
    expect(await runNode(masksCutToPicture, { instances: annotations }, { emptied: 'drop' })).toEqual({
      instances: annotations,
    })
  })

  it('refuses a correction of another size', async () => {
    await expect(cut([1, 1, 1, 1], 'drop', 2)).rejects.toThrow('the correction is 2 × 2, its image 4 × 2')
  })
})
