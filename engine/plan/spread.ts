import type { Json } from '../base/canonical.ts'
import type { MatrixDeclaration, PipelineFile, StepDeclaration, TreePath } from '../contract/pipeline.ts'
import { type Combination, combinations, compareCoordinates } from './axes.ts'
import { interpolate, type Scope } from './interpolate.ts'
import { writtenPath } from './problems.ts'
import type { Instance, ProtoCell, ProtoStep, Spread, Workshop } from './proto.ts'

type OwnMatrix = Exclude<MatrixDeclaration, { form: 'of' }>

/** Axes and cells of a step: those of the pipeline around it, times its own matrix or that of another step. */
export function spreadCells(
  declaration: StepDeclaration,
  instance: Instance,
  expandStep: (id: string) => ProtoStep | Instance | undefined,
  { problems }: Workshop,
): Spread {
  const { axes, cells, known } = instance
  const { matrix } = declaration
  if (matrix === undefined) return { axes, cells, known }
  if (matrix.form === 'of') {
    const other = expandStep(matrix.step)
    if (other === undefined) return { axes, cells: [], known: false }
    return { axes: other.axes, cells: other.cells, known: other.known }
  }
  const at = ['steps', declaration.id, 'matrix']
  const own = matrix.form === 'rows' ? ['row'] : [...matrix.axes.keys()]
  const names = [...axes, ...own]
  const shadowed = own.filter(axis => axes.includes(axis))
  for (const axis of shadowed) {
    problems.add(instance, [...at, matrix.form === 'rows' ? 'rows' : axis], {
      code: 'bad-matrix',
      message: `axis \`${axis}\` is already an axis of the pipeline around this one`,
      fix: 'give it another name',
      at: 'key',
    })
  }
  if (shadowed.length > 0) return { axes, cells: [], known: false }
  const report = (code: string) => (path: TreePath, message: string, fix?: string) =>
    problems.add(instance, [...at, ...writtenPath(rawTree(matrix), path)], { code, message, fix })
  const spread = cells.flatMap(cell => {
    const resolved = interpolated(matrix, cell.scope, report)
    if (resolved === undefined) return []
    return combinations(resolved, report('bad-matrix')).map(combination => extendCell(cell, combination))
  })
  return {
    axes: names,
    cells: spread.sort((a, b) => compareCoordinates(names, a.ids, b.ids)),
    known: known && spread.length > 0,
  }
}

function interpolated(
  matrix: OwnMatrix,
  scope: Scope,
  report: (code: string) => (path: TreePath, message: string, fix?: string) => void,
): OwnMatrix | undefined {
  const value = (tree: Json, path: TreePath) =>
    interpolate(tree, scope, (message, fix) => report('bad-reference')(path, message, fix))
  if (matrix.form === 'rows') {
    const rows = value(matrix.rows, ['rows'])
    return rows === undefined ? undefined : { form: 'rows', rows }
  }
  const axes = [...matrix.axes].map(([name, list]) => [name, value(list, [name])] as const)
  const add = matrix.add.map((coordinates, i) => value(coordinates, ['add', i]))
  const known = axes.filter((axis): axis is [string, Json] => axis[1] !== undefined)
  if (known.length === axes.length && !add.includes(undefined))
    return { ...matrix, axes: new Map(known), add: add as { [axis: string]: Json }[] }
  // What is wrong with the other axes can still be said.
  combinations({ ...matrix, axes: new Map(known), where: [], add: [] }, report('bad-matrix'))
  return undefined
}

function rawTree(matrix: OwnMatrix): Json {
  if (matrix.form === 'rows') return { rows: matrix.rows }
  return { ...Object.fromEntries(matrix.axes), add: matrix.add, where: {} }
}

function extendCell(cell: ProtoCell, combination: Combination): ProtoCell {
  return {
    ids: { ...cell.ids, ...combination.ids },
    values: { ...cell.values, ...combination.values },
    scope: { ...cell.scope, matrix: { ...cell.scope.matrix, ...combination.values } },
  }
}

/** For what can be said about a step without knowing any value. */
export function blindScope(declaration: StepDeclaration, axes: readonly string[], file: PipelineFile): Scope {
  const own = declaration.matrix?.form === 'product' ? [...declaration.matrix.axes.keys()] : ['row']
  const names = [
    ...[...file.params.keys()].map(name => `params.${name}`),
    ...file.env.map(name => `env.${name}`),
    ...[...axes, ...own].map(axis => `matrix.${axis}`),
  ]
  return { params: {}, matrix: {}, env: {}, unknown: new Set(names) }
}
