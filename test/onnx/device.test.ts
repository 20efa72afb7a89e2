import { createRequire } from 'node:module'
import { describe, expect, it } from 'vitest'
import { executionProvider, onnxruntimeClass } from '../../nodes/onnx/device.ts'

const { version } = createRequire(import.meta.url)('onnxruntime-node/package.json') as { version: string }

describe('devices', () => {
  it('become execution providers', () => {
    expect(executionProvider('cpu')).toBe('cpu')
    expect(executionProvider('webgpu')).toBe('webgpu')
    expect(executionProvider('cuda:3')).toEqual({ name: 'cuda', deviceId: 3 })
  })

  it.each(['gpu', 'cuda', 'cuda:x', 'CPU', ''])('refuse %j and say what is expected', device => {
    expect(() => executionProvider(device)).toThrow(`unknown device ${JSON.stringify(device)}`)
  })

  it('put version, provider and optimisation into keys, but not the number of a card', () => {
    expect(onnxruntimeClass('cpu')).toBe(`onnxruntime-node@${version}/cpu/all`)
    expect(onnxruntimeClass('cuda:0')).toBe(onnxruntimeClass('cuda:1'))
    expect(onnxruntimeClass('cuda:0')).not.toBe(onnxruntimeClass('cpu'))
  })
})
