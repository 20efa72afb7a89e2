import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../engine/base/canonical.ts'
import { compareInputs, compareRecipes, type RecipeParts } from '../../engine/report/why.ts'
import { whyLines } from '../../engine/report/why-text.ts'

const recipe: RecipeParts = {
  node: 'ensemble/boxes',
  version: 1,
  params: { iou: 0.5, weights: { model: { L1: 1, L2: 1 } }, sizes: [208, 256] },
  runtimes: { 'onnxruntime-node': '1.30.0/cpu/all' },
}

describe('comparing two recipes', () => {
  it('finds nothing between equals, whatever the order of their entries', () => {
    const params = { sizes: [208, 256], weights: { model: { L2: 1, L1: 1 } }, iou: 0.5 }
    expect(compareRecipes(recipe, { ...recipe, params })).toEqual([])
  })

  it('names the entry that changed, inside maps but not inside lists', () => {
    const params = { iou: 0.5, weights: { model: { L1: 2, L2: 1 } }, sizes: [208, 288], max: 9 }
    expect(compareRecipes(recipe, { ...recipe, params })).toEqual([
      { what: 'param', path: 'max', before: undefined, after: 9 },
      { what: 'param', path: 'sizes', before: [208, 256], after: [208, 288] },
      { what: 'param', path: 'weights.model.L1', before: 1, after: 2 },
    ])
  })

  it('tells another node, another version and another runtime', () => {
    const other = { ...recipe, node: 'ensemble/other', version: 2, runtimes: { sharp: '0.35.5' } }
    expect(compareRecipes(recipe, other)).toEqual([
      { what: 'node', before: 'ensemble/boxes', after: 'ensemble/other' },
      { what: 'version', before: 1, after: 2 },
      { what: 'runtime', name: 'onnxruntime-node', before: '1.30.0/cpu/all', after: undefined },
      { what: 'runtime', name: 'sharp', before: undefined, after: '0.35.5' },
    ])
  })

  it('finds a change exactly when the parameters differ', () => {
    const params = fc
      .dictionary(fc.constantFrom('a', 'b', 'c'), fc.jsonValue({ maxDepth: 2 }))
      .map(value => JSON.parse(JSON.stringify(value)) as Json)
    fc.assert(
      fc.property(params, params, (a, b) => {
        const differs = sorted(a) !== sorted(b)
        expect(compareRecipes({ ...recipe, params: a }, { ...recipe, params: b }).length > 0).toBe(differs)
      }),
    )
  })
})

/** Naive canonical text, for comparing two JSON values. */
function sorted(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(sorted).join()}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${entries.map(([key, entry]) => `${JSON.stringify(key)}:${sorted(entry as Json)}`).join()}}`
}

describe('comparing inputs', () => {
  it('compares by position and names the cell a value comes from', () => {
    const before = [{ port: 'boxes', digests: ['aa', 'bb'] }]
    const after = [
      {
        port: 'boxes',
        digests: ['aa', 'cc', 'dd'],
        sources: ['heads[model=L1]', 'heads[model=L2]', 'heads[model=L3]'],
      },
      { port: 'proposals', digests: ['ee'] },
    ]
    expect(compareInputs(before, after)).toEqual([
      { what: 'input', port: 'boxes', index: 1, source: 'heads[model=L2]', before: 'bb', after: 'cc' },
      { what: 'input', port: 'boxes', index: 2, source: 'heads[model=L3]', before: undefined, after: 'dd' },
      { what: 'input', port: 'proposals', index: undefined, source: undefined, before: undefined, after: 'ee' },
    ])
  })
})

describe('the text of why', () => {
  const before = { runId: 'run-1', startedMs: undefined }

  it('gives the verdict, then each change as before → after', () => {
    const changes = [
      ...compareRecipes(recipe, {
        ...recipe,
        params: { iou: 0.6, weights: { model: { L1: 1, L2: 1 } }, sizes: [208, 256] },
      }),
      ...compareInputs(
        [{ port: 'boxes', digests: ['0123456789abcdef'] }],
        [{ port: 'boxes', digests: ['fedcba9876543210'], sources: ['heads'] }],
      ),
    ]
    expect(whyLines({ address: 'mean', item: 'img-1', verdict: 'run', before, changes })).toEqual([
      'mean  item img-1',
      '  Will run. Compared with run run-1:',
      '  parameter  iou    0.5           → 0.6',
      '  input      boxes  0123456789ab  → fedcba987654  from heads',
    ])
  })

  it.each([
    ['hit', before, '  Stored: nothing to do.'],
    ['run', undefined, '  Will run. It was never run with this store.'],
    ['maybe', before, '  Will run only if an input that is being made comes out different.'],
    ['rebuild', before, '  Known, but has to be made again:'],
  ] as const)('a %s is explained in a sentence', (verdict, earlier, sentence) => {
    expect(whyLines({ address: 'mean', item: undefined, verdict, before: earlier, changes: [] })[1]).toBe(sentence)
  })

  it('admits it when nothing changed and the result is still missing', () => {
    const [, sentence] = whyLines({ address: 'mean', item: undefined, verdict: 'run', before, changes: [] })
    expect(sentence).toContain('its result is not in the store, although nothing changed')
  })

  it('names lost bytes and the reader of a value that is never stored', () => {
    const changes = [{ what: 'lost', port: 'boxes' } as const, { what: 'needed', by: 'roi_masks[model=L1]' } as const]
    expect(whyLines({ address: 'heads', item: undefined, verdict: 'rebuild', before, changes }).slice(2)).toEqual([
      '  lost    boxes                its bytes are gone from the store',
      '  needed  roi_masks[model=L1]  reads a value of it that is never stored',
    ])
  })
})
