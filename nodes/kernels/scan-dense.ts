/**
 * Runs of foreground (any byte other than 0) on the column-major sequence, found in dense bytes. Most of a mask is
 * long equal stretches, so whole 32-bit words are compared and single bytes are looked at only where words differ.
 */
export interface DenseRuns {
  readonly starts: Uint32Array<ArrayBuffer>
  readonly ends: Uint32Array<ArrayBuffer>
}

/** Bytes already in column-major order. */
export function columnMajorRuns(pixels: Uint8Array): DenseRuns {
  const bytes = aligned(pixels)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  let changes = new Uint32Array(256)
  let count = 0
  let inside = false
  const wordEnd = words.length
  let word = 0
  // While the pattern of a whole word repeats, nothing changes in it: all background, or all of one foreground byte.
  while (word < wordEnd) {
    const pattern = inside ? words[word]! : 0
    const uniform = !inside || isUniform(pattern)
    if (uniform) {
      while (
        word + 4 <= wordEnd &&
        ((words[word]! ^ pattern) |
          (words[word + 1]! ^ pattern) |
          (words[word + 2]! ^ pattern) |
          (words[word + 3]! ^ pattern)) ===
          0
      ) {
        word += 4
      }
      while (word < wordEnd && words[word]! === pattern) word++
      if (word === wordEnd) break
    }
    if (count + 4 > changes.length) changes = grown(changes)
    for (let at = word * 4; at < word * 4 + 4; at++) {
      const set = bytes[at]! !== 0
      if (set !== inside) {
        changes[count++] = at
        inside = set
      }
    }
    word++
  }
  for (let at = wordEnd * 4; at < bytes.length; at++) {
    const set = bytes[at]! !== 0
    if (set === inside) continue
    if (count === changes.length) changes = grown(changes)
    changes[count++] = at
    inside = set
  }
  return runsOfChanges(changes, count, pixels.length)
}

/**
 * Bytes in row-major order, without turning the picture: where a row differs from the row above it, a column-major
 * run starts or ends. The changes come out row by row and are put in column order by a counting sort.
 */
export function rowMajorRuns(pixels: Uint8Array, height: number, width: number): DenseRuns {
  if (pixels.length === 0) return runsOfChanges(new Uint32Array(0), 0, 0)
  let columns = new Uint32Array(1024)
  let rows = new Uint32Array(1024)
  let count = 0
  const perColumn = new Uint32Array(width + 1)
  const byWord = width % 4 === 0
  const bytes = byWord ? aligned(pixels) : pixels
  const words = byWord ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) : new Int32Array(0)
  const rowWords = width >> 2
  const lastRow = (height - 1) * width
  for (let y = 0; y < height; y++) {
    if (count + width > columns.length) {
      columns = grown(columns, count + width)
      rows = grown(rows, count + width)
    }
    const here = y * width
    if (y === 0) {
      // The pixel before the top of a column is the bottom of the column to its left.
      for (let x = 0; x < width; x++) {
        const before = x > 0 && bytes[lastRow + x - 1]! !== 0
        if ((bytes[x]! !== 0) === before) continue
        columns[count] = x
        rows[count++] = 0
        perColumn[x + 1]!++
      }
      continue
    }
    const above = here - width
    if (!byWord) {
      for (let x = 0; x < width; x++) {
        if ((bytes[here + x]! !== 0) === (bytes[above + x]! !== 0)) continue
        columns[count] = x
        rows[count++] = y
        perColumn[x + 1]!++
      }
      continue
    }
    const wordHere = here >> 2
    const wordAbove = above >> 2
    for (let word = 0; word < rowWords; word++) {
      if (words[wordHere + word]! === words[wordAbove + word]!) continue
      for (let x = word * 4; x < word * 4 + 4; x++) {
        if ((bytes[here + x]! !== 0) === (bytes[above + x]! !== 0)) continue
        columns[count] = x
        rows[count++] = y
        perColumn[x + 1]!++
      }
    }
  }
  for (let x = 0; x < width; x++) perColumn[x + 1]! += perColumn[x]!
  const changes = new Uint32Array(count)
  for (let i = 0; i < count; i++) {
    const x = columns[i]!
    changes[perColumn[x]!++] = x * height + rows[i]!
  }
  return runsOfChanges(changes, count, pixels.length)
}

/** Changes alternate start, end; an open last run ends with the picture. */
function runsOfChanges(changes: Uint32Array, count: number, pixelCount: number): DenseRuns {
  const runs = (count + 1) >> 1
  const starts = new Uint32Array(runs)
  const ends = new Uint32Array(runs)
  for (let i = 0; i < runs; i++) {
    starts[i] = changes[2 * i]!
    ends[i] = 2 * i + 1 < count ? changes[2 * i + 1]! : pixelCount
  }
  return { starts, ends }
}

/** Four equal bytes, none of them 0. */
function isUniform(word: number): boolean {
  return word !== 0 && ((word << 8) | (word >>> 24)) === word
}

/** Bytes that a 32-bit view can be laid over; copied only when they start at an odd address. */
function aligned(bytes: Uint8Array): Uint8Array {
  return bytes.byteOffset % 4 === 0 ? bytes : bytes.slice()
}

function grown(values: Uint32Array<ArrayBuffer>, atLeast = 0): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(values.length * 2, atLeast))
  larger.set(values)
  return larger
}
