import { deflateSync, inflateSync } from 'node:zlib'

/**
 * The programs of the 7th-place solution of Open Images 2019 that pass CSVs to each other, read plainly: dense masks of
 * one byte for each pixel, one loop inside the other, rows and predictions as texts. Slow and independent of the kernels.
 */

export interface Row {
  readonly id: string
  readonly width: number
  readonly height: number
  /** Undefined: written as nothing (a NaN to the programs). */
  readonly text: string | undefined
}

interface Prediction {
  readonly label: string
  readonly score: number
  readonly scoreText: string
  mask: Uint8Array
  maskText: string
  readonly size: readonly [number, number]
}

/** Column-major pixels → the competition's text. */
export function encodeMask(pixels: Uint8Array): string {
  const counts: number[] = []
  let value = 0
  let run = 0
  for (const pixel of pixels) {
    if (pixel !== value) {
      counts.push(run)
      run = 0
      value = pixel
    }
    run++
  }
  counts.push(run)
  let characters = ''
  counts.forEach((count, i) => {
    let rest = i > 2 ? count - counts[i - 2]! : count
    for (let more = true; more; ) {
      let group = rest & 31
      rest >>= 5
      more = group & 16 ? rest !== -1 : rest !== 0
      if (more) group |= 32
      characters += String.fromCharCode(group + 48)
    }
  })
  return deflateSync(Buffer.from(characters), { level: 9 }).toString('base64')
}

export function decodeMask(text: string, width: number, height: number): Uint8Array {
  const characters = inflateSync(Buffer.from(text, 'base64')).toString()
  const counts: number[] = []
  for (let at = 0; at < characters.length; ) {
    let count = 0
    let shift = 0
    for (let more = true; more; ) {
      const group = characters.charCodeAt(at++) - 48
      count |= (group & 31) << shift
      more = (group & 32) !== 0
      shift += 5
      if (!more && group & 16) count |= -1 << shift
    }
    counts.push(counts.length > 2 ? count + counts[counts.length - 2]! : count)
  }
  const pixels = new Uint8Array(width * height)
  let position = 0
  counts.forEach((count, i) => {
    if (i % 2 === 1) for (let k = 0; k < count; k++) pixels[position + k] = 1
    position += count
  })
  return pixels
}

/** Python's str(float). */
function floatText(value: number): string {
  if (value !== 0 && value < 0.0001) {
    const [digits, power] = value.toExponential().split('e-') as [string, string]
    return `${digits}e-${power.padStart(2, '0')}`
  }
  return Number.isInteger(value) ? `${value}.0` : `${value}`
}

function triples(text: string): [string, string, string][] {
  const words = text.split(' ')
  const found: [string, string, string][] = []
  for (let i = 0; i < words.length; i += 3) found.push([words[i]!, words[i + 1]!, words[i + 2]!])
  return found
}

/** seg_expand_and_adjust_thres: `>=` threshold, a copy for each ancestor; with `parentsOnly` without the original. */
export function expand(
  rows: readonly Row[],
  ancestors: { readonly [label: string]: readonly string[] },
  threshold: number,
  parentsOnly: boolean,
): Row[] {
  return rows.map(row => {
    if (row.text === undefined) return row
    let text = ''
    for (const [label, score, mask] of triples(row.text)) {
      if (Number(score) < threshold) continue
      if (!parentsOnly) text += `${label} ${score} ${mask} `
      for (const ancestor of ancestors[label] ?? []) text += `${ancestor} ${score} ${mask} `
    }
    return { ...row, text: text.trim() === '' ? undefined : text.trim() }
  })
}

/** nms_on_csvs: rows of several files with the same images. */
export function nmsOnCsvs(
  files: readonly (readonly Row[])[],
  { threshold, iou: limit, voting }: { threshold: number; iou: number; voting: boolean },
): Row[] {
  return files[0]!.map(({ id }) => {
    const predictions: Prediction[] = []
    for (const rows of files) {
      const row = rows.find(other => other.id === id)!
      if (row.text === undefined) continue
      for (const [label, scoreText, maskText] of triples(row.text)) {
        const score = Number(scoreText)
        const mask = decodeMask(maskText, row.width, row.height)
        if (score > threshold)
          predictions.push({ label, score, scoreText, maskText, mask, size: [row.width, row.height] })
      }
    }
    const gone = new Set<Prediction>()
    for (const label of new Set(predictions.map(one => one.label))) {
      const own = predictions.filter(one => one.label === label)
      for (const one of own) if (!one.mask.includes(1)) gone.add(one)
      for (const one of own.toSorted((a, b) => b.score - a.score)) {
        if (gone.has(one)) continue
        const victims: Prediction[] = []
        for (const other of own) {
          if (other.score >= one.score || gone.has(other) || overlap(one.mask, other.mask) < limit) continue
          gone.add(other)
          victims.push(other)
        }
        const sum = victims.reduce((total, victim) => total + victim.score, 0)
        if (!voting || victims.length < 2 || sum <= one.score) continue
        const voters = [one, ...victims]
        const all = voters.reduce((total, voter) => total + voter.score, 0)
        const votes = new Float64Array(one.mask.length)
        for (const voter of voters) {
          for (const [i, pixel] of voter.mask.entries()) votes[i]! += voter.score * pixel
        }
        // After all images: nobody is compared with it any more.
        one.maskText = encodeMask(Uint8Array.from(votes, vote => (vote / all > 0.5 ? 1 : 0)))
      }
    }
    const left = predictions.filter(one => !gone.has(one))
    if (left.length === 0) return { id, width: -1, height: -1, text: undefined }
    const [width, height] = left[0]!.size
    return {
      id,
      width,
      height,
      text: left.map(one => `${one.label} ${floatText(one.score)} ${one.maskText}`).join(' '),
    }
  })
}

/** combine_leaf_and_parent: texts of leaves, then of parents. */
export function combine(leaf: readonly Row[], parents: readonly Row[]): Row[] {
  return leaf.map((row, i) => ({ ...row, text: `${row.text} ${parents[i]!.text ?? ''}`.trim() }))
}

function overlap(a: Uint8Array, b: Uint8Array): number {
  let both = 0
  let any = 0
  for (let i = 0; i < a.length; i++) {
    if (a[i] && b[i]) both++
    if (a[i] || b[i]) any++
  }
  return both === 0 ? 0 : both / any
}

export function csvText(rows: readonly Row[]): string {
  const lines = rows.map(({ id, width, height, text }) => `${id},${width},${height},${text ?? ''}`)
  return `ImageID,ImageWidth,ImageHeight,PredictionString\n${lines.join('\n')}\n`
}

export function csvRows(text: string): Row[] {
  return text
    .trimEnd()
    .split('\n')
    .slice(1)
    .map(line => {
      const [id, width, height, predictions] = line.split(',')
      return { id: id!, width: Number(width), height: Number(height), text: predictions || undefined }
    })
}
