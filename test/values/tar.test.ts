import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TaskError } from '../../engine/base/diagnostic.ts'
import { sha256 } from '../../engine/base/digest.ts'
import { packTar, unpackTar } from '../../nodes/values/tar.ts'

function folder(files: { readonly [name: string]: Uint8Array | string } = {}): string {
  const path = mkdtempSync(join(tmpdir(), 'maskloom-test-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content)
  return path
}

async function packed(files: { readonly [name: string]: Uint8Array | string }): Promise<string> {
  const from = folder(files)
  const target = join(folder(), 'a.tar')
  await packTar(
    Object.keys(files).map(name => ({ name, path: join(from, name) })),
    target,
  )
  return target
}

const name = fc.stringMatching(/^[a-zé_-][a-z0-9.é_-]{0,30}$/)
const content = fc.oneof(
  fc.uint8Array({ maxLength: 1100 }),
  fc.constantFrom(512, 1024, 3_000_000).map(size => new Uint8Array(size).fill(7)),
)

describe('archives of models', () => {
  it('give back every file, with its digest, sorted by name', async () => {
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, content, { maxKeys: 4 }), async files => {
        const to = join(folder(), 'out')
        const listing = await unpackTar(await packed(files), to)
        expect(listing).toEqual(
          Object.keys(files)
            .sort()
            .map(one => [one, sha256(files[one]!)]),
        )
        for (const [one, bytes] of Object.entries(files))
          expect(Buffer.compare(readFileSync(join(to, one)), bytes)).toBe(0)
      }),
      { numRuns: 40 },
    )
  })

  it('are the same bytes in whatever order the files come', async () => {
    const one = await packed({ 'a.onnx': 'graph', 'model.yaml': 'name: a' })
    const other = await packed({ 'model.yaml': 'name: a', 'a.onnx': 'graph' })
    expect(sha256(readFileSync(one))).toBe(sha256(readFileSync(other)))
    // tarfile of Python 3.11, USTAR_FORMAT, without the padding to 10,240 bytes.
    expect(sha256(readFileSync(one))).toBe('b43a70135e51b68c6d9548e33fa34bdc1a62bc98e4615358ae6eae4671c81f0f')
  })

  it('are read by the tar of the system', async () => {
    const to = folder()
    execFileSync('tar', ['xf', await packed({ 'a.onnx': 'x'.repeat(700), 'model.yaml': 'name: a' })], { cwd: to })
    expect(readFileSync(join(to, 'a.onnx'), 'utf8')).toBe('x'.repeat(700))
    expect(readFileSync(join(to, 'model.yaml'), 'utf8')).toBe('name: a')
  })

  it.each([
    ['a folder in the name', 'sub/a.onnx'],
    ['a way up', '..'],
    ['too long a name', `${'é'.repeat(50)}.`],
  ])('refuse %s', async (_, bad) => {
    const from = folder({ a: 'x' })
    await expect(packTar([{ name: bad, path: join(from, 'a') }], join(folder(), 't'))).rejects.toThrow(
      'cannot be packed',
    )
  })

  it('refuse a name that comes twice', async () => {
    const path = join(folder({ a: 'x' }), 'a')
    const twice = packTar(
      [path, path].map(one => ({ name: 'a', path: one })),
      join(folder(), 't'),
    )
    await expect(twice).rejects.toThrow('`a` cannot be packed under this name')
  })

  it('never write outside their folder, however they are damaged or cut', async () => {
    const whole = readFileSync(await packed({ 'a.onnx': 'x'.repeat(700), 'model.yaml': 'name: a' }))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { maxLength: 4 }),
        fc.nat(whole.length),
        async (changes, length) => {
          const bytes = Uint8Array.from(whole)
          for (const [at, byte] of changes) bytes[at] = byte
          const root = folder({ 'bad.tar': bytes.slice(0, length) })
          mkdirSync(join(root, 'deep'))
          try {
            await unpackTar(join(root, 'bad.tar'), join(root, 'deep', 'out'))
          } catch (error) {
            if (!(error instanceof TaskError)) throw error
            expect(error.message).toMatch(/^stored model: /)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
