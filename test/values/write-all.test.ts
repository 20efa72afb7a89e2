import { expect, it } from 'vitest'
import { writeAll } from '../../nodes/values/write-all.ts'

it('goes on where a write stopped early', async () => {
  const written: number[] = []
  const write = async (bytes: Uint8Array, at: number) => {
    const some = bytes.subarray(at, at + 3)
    written.push(...some)
    return { bytesWritten: some.length, buffer: bytes }
  }
  await writeAll({ write: write as never }, Uint8Array.of(1, 2, 3, 4, 5, 6, 7))
  expect(written).toEqual([1, 2, 3, 4, 5, 6, 7])
})
