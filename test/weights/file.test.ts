import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { weightsKind } from '../../nodes/values/weights.ts'
import { weightsFile } from '../../nodes/weights/file.ts'
import { runNode, testCheck } from '../helpers/run-context.ts'

const folder = mkdtempSync(join(tmpdir(), 'maskloom-test-'))

function written(text: string) {
  const path = join(folder, 'weights.json')
  writeFileSync(path, text)
  return { path: { path, sha256: '' } }
}

describe('weights/file', () => {
  it('gives what the file says, and its bytes are those of any other way of writing it', async () => {
    const { weights } = await runNode(weightsFile, {}, written('\ufeff{"model": {"L3": 0.0, "L1": 2}}\r\n'))
    expect(new TextDecoder().decode(weightsKind.encode(weights as never) as Uint8Array)).toBe(
      '{"model":{"L1":2,"L3":0}}\n',
    )
  })

  it.each([
    ['no JSON', 'model:', 'weights.json: is not JSON'],
    ['a weight below 0', '{"model": {"L1": -1}}', 'weights.json: model / L1 is -1; expected a number from 0'],
    ['weights without axis', '{"L1": 2}', 'weights.json: the axis L1 is not a map of coordinate ids'],
    ['a list', '[]', 'weights.json: it is not a map of axes'],
  ])('finds %s while the pipeline is checked', async (_, text, message) => {
    const { context, problems } = testCheck({ readFile: () => new TextEncoder().encode(text) })
    await weightsFile.types!(written(text) as never, context)
    expect(problems).toEqual([{ param: 'path', message: expect.stringContaining(message) }])
  })
})
