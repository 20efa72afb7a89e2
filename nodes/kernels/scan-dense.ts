/**
 * Runs of foreground (any byte other than 0) on the column-major sequence, found in dense bytes. Most of a mask is
 * long equal stretches, so whole words are compared, and single bytes are looked at only where words differ.
 */
export interface DenseRuns {
  readonly starts: Uint32Array<ArrayBuffer>
  readonly ends: Uint32Array<ArrayBuffer>
}

/** Bytes already in column-major order, 32 at a time. */
export function columnMajorRuns(pixels: Uint8Array): DenseRuns {
  const bytes = aligned(pixels)
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2)
  const blockEnd = words.length - (words.length % 8)
  let changes = new Uint32Array(1024)
  let count = 0
  /** The byte before, and a word full of it. */
  let inside = 0
  let same = 0
  for (let word = 0; word < blockEnd; word += 8) {
    const differs =
      (words[word]! ^ same) |
      (words[word + 1]! ^ same) |
      (words[word + 2]! ^ same) |
      (words[word + 3]! ^ same) |
      (words[word + 4]! ^ same) |
      (words[word + 5]! ^ same) |
      (words[word + 6]! ^ same) |
      (words[word + 7]! ^ same)
    if (differs === 0) continue
    const bits = packWords(words, word)
    let changed = bits ^ ((bits << 1) | inside)
    if (count + 33 > changes.length) changes = grown(changes)
    while (changed !== 0) {
      changes[count++] = word * 4 + 31 - Math.clz32(changed & -changed)
      changed &= changed - 1
    }
    inside = bits >>> 31
    same = Math.imul(bytes[word * 4 + 31]!, 0x01010101)
  }
  if (count + 33 > changes.length) changes = grown(changes)
  for (let at = blockEnd * 4; at < bytes.length; at++) {
    const set = (0 - bytes[at]!) >>> 31
    changes[count] = at
    count += set ^ inside
    inside = set
  }
  return runsOfChanges(changes, count, pixels.length)
}

/** 32 bytes as 32 bits, 1 for every byte other than 0. */
function packWords(words: Int32Array, first: number): number {
  let bits = 0
  for (let k = 0; k < 8; k++) {
    const word = words[first + k]!
    // Bit 7 of every byte that is not 0, then the four of them side by side.
    const set = (((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word) & 0x80808080
    bits |= (Math.imul(set >>> 7, 0x01020408) >>> 24) << (4 * k)
  }
  return bits
}

/**
 * Bytes in row-major order, without turning the picture: where a row differs from the row above it, a column-major
 * run starts or ends. The changes come out row by row and are put in column order by a counting sort.
 */
export function rowMajorRuns(pixels: Uint8Array, height: number, width: number): DenseRuns {
  if (pixels.length === 0) return runsOfChanges(new Uint32Array(0), 0, 0)
  const byWord = width % 4 === 0
  const bytes = byWord ? aligned(pixels) : pixels
  const words = byWord ? new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2) : new Int32Array(0)
  /** Columns of the changes, row after row; those of row y begin at rowFirst[y]. */
  let columns = new Uint32Array(2 * width + 1024)
  const rowFirst = new Uint32Array(height + 1)
  let count = changesInTopRow(columns, bytes, (height - 1) * width, width)
  const rowWords = width >> 2
  for (let y = 1; y < height; y++) {
    rowFirst[y] = count
    if (count + width >= columns.length) columns = grown(columns, count + width + 1)
    const here = y * width
    const above = here - width
    if (!byWord) {
      for (let x = 0; x < width; x++) {
        columns[count] = x
        count += ((0 - bytes[here + x]!) ^ (0 - bytes[above + x]!)) >>> 31
      }
      continue
    }
    for (let word = 0; word < rowWords; word++) {
      if (words[(here >> 2) + word]! === words[(above >> 2) + word]!) continue
      // Written always, kept if it is a change: noise would make a branch here go wrong every second time.
      for (let x = word * 4; x < word * 4 + 4; x++) {
        columns[count] = x
        count += ((0 - bytes[here + x]!) ^ (0 - bytes[above + x]!)) >>> 31
      }
    }
  }
  rowFirst[height] = count
  return runsOfChanges(inColumnOrder(columns, rowFirst, height, width), count, pixels.length)
}

/** Columns whose top pixel differs from the bottom pixel of the column to the left (background before the first). */
function changesInTopRow(columns: Uint32Array, bytes: Uint8Array, bottomRow: number, width: number): number {
  let count = 0
  for (let x = 0; x < width; x++) {
    const before = x === 0 ? 0 : bytes[bottomRow + x - 1]!
    columns[count] = x
    count += ((0 - bytes[x]!) ^ (0 - before)) >>> 31
  }
  return count
}

function inColumnOrder(
  columns: Uint32Array,
  rowFirst: Uint32Array,
  height: number,
  width: number,
): Uint32Array<ArrayBuffer> {
  const count = rowFirst[height]!
  const next = new Uint32Array(width + 1)
  for (let i = 0; i < count; i++) next[columns[i]! + 1]!++
  for (let x = 0; x < width; x++) next[x + 1]! += next[x]!
  const changes = new Uint32Array(count)
  for (let y = 0, i = 0; y < height; y++) {
    for (const last = rowFirst[y + 1]!; i < last; i++) {
      const x = columns[i]!
      changes[next[x]!++] = x * height + y
    }
  }
  return changes
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

/** Bytes that a 32-bit view can be laid over; copied only when they start at an odd address. */
function aligned(bytes: Uint8Array): Uint8Array {
  // Not `slice`: that of a Buffer does not copy.
  return bytes.byteOffset % 4 === 0 ? bytes : new Uint8Array(bytes)
}

function grown(values: Uint32Array<ArrayBuffer>, atLeast = 0): Uint32Array<ArrayBuffer> {
  const larger = new Uint32Array(Math.max(values.length * 2, atLeast))
  larger.set(values)
  return larger
}
