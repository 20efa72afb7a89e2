import fc from 'fast-check'
import { expect, test } from 'vitest'
import { findCycles } from '../../engine/load/cycles.ts'

type Graph = { readonly [node: string]: readonly string[] }

const cyclesOf = (graph: Graph) => findCycles(Object.keys(graph), node => graph[node] ?? [])

test('a graph without cycles has none', () => {
  expect(cyclesOf({ a: ['b', 'c'], b: ['c'], c: [] })).toEqual([])
})

test('each knot is reported once, by a shortest cycle from its first node', () => {
  const graph = { x: ['a'], a: ['b'], b: ['c', 'a'], c: ['a', 'd'], d: ['e'], e: ['d', 'unknown'], f: ['f'] }
  expect(cyclesOf(graph)).toEqual([['a', 'b'], ['d', 'e'], ['f']])
})

test('a chain of 5,000 steps that closes is one cycle', () => {
  const graph = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`n${i}`, [`n${(i + 1) % 5_000}`]]))
  expect(cyclesOf(graph)[0]).toHaveLength(5_000)
})

test('cycles are found exactly when repeated removal of nodes without successors does not empty the graph', () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f']
  const graphs = fc.array(fc.tuple(fc.constantFrom(...names), fc.constantFrom(...names)), { maxLength: 12 })
  fc.assert(
    fc.property(graphs, edges => {
      const successorsOf = (node: string) => edges.filter(([from]) => from === node).map(([, to]) => to)
      let left = names
      for (let before = Number.POSITIVE_INFINITY; left.length < before; ) {
        before = left.length
        const still = left
        left = left.filter(node => successorsOf(node).some(next => still.includes(next)))
      }
      const cycles = findCycles(names, successorsOf)
      expect(cycles.length > 0).toBe(left.length > 0)
      for (const cycle of cycles) {
        cycle.forEach((node, i) => {
          expect(successorsOf(node)).toContain(cycle[(i + 1) % cycle.length])
        })
      }
    }),
  )
})
