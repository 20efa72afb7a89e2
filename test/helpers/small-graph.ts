import type { Axis, Cell, CellInput, Graph, Group, Step, StepOutput } from '../../engine/contract/graph.ts'

interface StepText {
  readonly id: string
  readonly node: string
  readonly mode?: Step['mode']
  /** Axis → ids. */
  readonly axes?: { readonly [axis: string]: readonly string[] }
  readonly output: StepOutput['kind']
  readonly transient?: true
  /** Steps whose every cell is read. */
  readonly reads?: readonly string[]
}

/** A graph by hand: every cell of a step reads every cell of the steps it names, through one port each. */
export function smallGraph(steps: readonly StepText[], groups: readonly (readonly string[])[]): Graph {
  const built: Step[] = []
  let cellCount = 0
  for (const [index, text] of steps.entries()) {
    const axes: Axis[] = Object.entries(text.axes ?? {}).map(([name, ids]) => ({
      name,
      entries: ids.map(id => ({ id, value: id })),
    }))
    const coordinates = axes.reduce<{ [axis: string]: string }[]>(
      (cells, axis) => cells.flatMap(cell => axis.entries.map(entry => ({ ...cell, [axis.name]: entry.id }))),
      [{}],
    )
    const inputs: CellInput[] = (text.reads ?? []).map(name => ({
      port: name,
      per: 'item',
      many: true,
      sources: (built.find(step => step.id === name)?.cells ?? []).map(cell => ({ cell: cell.index, port: 'out' })),
    }))
    const cells: Cell[] = coordinates.map(coordinate => ({
      index: cellCount++,
      step: index,
      coordinates: coordinate,
      address: text.id,
      params: {},
      recipe: '',
      inputs,
      inputTypes: {},
      selects: [],
      facets: {},
      group: groups.findIndex(group => group.includes(text.id)),
    }))
    built.push({
      index,
      id: text.id,
      node: text.node,
      mode: text.mode ?? 'item',
      lane: 'cpu',
      at: NOWHERE,
      axes,
      cells,
      join: 'exact',
      outputs: [
        {
          port: 'out',
          kind: text.output,
          per: 'item',
          persist: text.transient === true ? 'transient' : 'always',
          extension: 'json',
        },
      ],
    })
  }
  const last = built.at(-1)?.cells[0]?.index ?? 0
  return {
    name: 'berries',
    path: '/home/ada/berries/berries.yaml',
    steps: built,
    groups: groups.map(
      (names, index): Group => ({
        index,
        form: built.find(step => step.id === names[0])?.mode === 'collection' ? 'collection' : 'items',
        lane: 'cpu',
        cells: built.filter(step => names.includes(step.id)).flatMap(step => step.cells.map(cell => cell.index)),
        selects: [],
        externals: [],
        exports: [],
      }),
    ),
    outputs: [{ name: 'submission', source: { cell: last, port: 'out' }, cells: [], at: NOWHERE }],
  }
}

const NOWHERE = { file: 'berries.yaml', start: 0, end: 0 }
