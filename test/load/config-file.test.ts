import { describe, expect, it } from 'vitest'
import { readConfig } from '../../engine/load/config-file.ts'

const path = '/home/ada/berries/maskloom.config.yaml'

function read(text: string) {
  const loaded = readConfig(path, text)
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems))
  const { locate: _, ...config } = loaded.value
  return config
}

function problems(text: string) {
  const loaded = readConfig(path, text)
  return loaded.ok ? [] : loaded.problems.map(({ message, at, fix }) => [text.slice(at?.start, at?.end), message, fix])
}

const nothing = {
  path,
  cache: undefined,
  cacheBytes: undefined,
  out: undefined,
  devices: undefined,
  slots: undefined,
  workers: undefined,
  memoryBytes: undefined,
  nodes: [],
}

describe('the config of a project', () => {
  it.each(['', '# only a comment\n', '---\n', '{}'])('may be empty: %j', text => {
    expect(read(text)).toEqual(nothing)
  })

  it('says where things are, relative to the file, and how much they may use', () => {
    expect(
      read(`
cache: ../scratch/cache
cache_size: 50GiB
out: /data/out
device: [cuda:0, cuda:1]
slots: 2
workers: 3
memory: 4GiB
nodes: [./my-nodes.js, some-package]
`),
    ).toEqual({
      path,
      cache: '/home/ada/scratch/cache',
      cacheBytes: 50 * 2 ** 30,
      out: '/data/out',
      devices: ['cuda:0', 'cuda:1'],
      slots: 2,
      workers: 3,
      memoryBytes: 4 * 2 ** 30,
      nodes: ['./my-nodes.js', 'some-package'],
    })
  })

  it('takes sizes in bytes, and one device or several in a text', () => {
    expect(read('cache_size: 1000\ndevice: cuda:0,cuda:1')).toMatchObject({
      cacheBytes: 1000,
      devices: ['cuda:0', 'cuda:1'],
    })
    expect(read('device: cpu').devices).toEqual(['cpu'])
  })
})

describe('a config that is wrong', () => {
  it.each([
    ['cach_size: 1GiB', 'cach_size', 'cache_size'],
    ['workes: 2', 'workes', 'workers'],
  ])('names the key that was meant: %s', (text, found, meant) => {
    expect(problems(text)).toEqual([[found, expect.stringContaining(found), `did you mean \`${meant}\`?`]])
  })

  it.each([
    ['cache_size: much', 'much', 'expected a size such as 600MiB or 50GiB, found "much"'],
    ['cache_size: -1', '-1', 'expected a whole number of at least 1, found -1'],
    ['slots: 0', '0', 'expected a whole number of at least 1, found 0'],
    ['workers: two', 'two', 'expected a whole number of at least 1, found "two"'],
    ['memory: 4', '4', 'expected a memory budget of at least 1MiB, found 4 bytes'],
    ['memory: "4"', '"4"', 'expected a memory budget of at least 1MiB, found 4 bytes'],
    ['cache: ""', '""', 'expected text that is not empty, found ""'],
    ['device: []', '[]', 'expected a list that is not empty, found an empty list'],
    ['device: 3', '3', 'expected a device such as `cpu`, or a list such as [cuda:0, cuda:1], found 3'],
    ['[cache]', '', 'expected a map, found a list of 1'],
  ])('says what was expected: %s', (text, found, message) => {
    expect(problems(text).map(([at, said]) => [at, said])).toEqual([[expect.stringContaining(found), message]])
  })

  it('has all its problems told at once', () => {
    expect(problems('cach: x\nslots: 0\nmemory: lots\n')).toHaveLength(3)
  })
})
