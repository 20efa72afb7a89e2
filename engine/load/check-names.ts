import type { Json } from '../base/canonical.ts'
import type { Diagnostic, Span } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'
import { alternatives, quoteName, suggestion } from '../base/words.ts'
import type { PipelineFile, StepDeclaration, TreePath } from '../contract/pipeline.ts'
import { mapOf, valueAt } from './shapes.ts'

/** Names in `in:`, `items:`, `outputs:` and `matrix:` that lead to nothing in this file. */
export function checkNames(file: PipelineFile, root: Json): readonly Diagnostic[] {
  if (file.steps.size === 0) return []
  const steps = [...file.steps.values()].flatMap(step => [
    ...[...step.in.values()].flatMap(binding =>
      binding.sources.flatMap(({ from, path }) => checkSource(from, sourceAt(path), file)),
    ),
    ...(step.items === undefined ? [] : checkSource(step.items.from, sourceAt(['steps', step.id, 'items']), file)),
    ...checkMatrix(step, file, root),
  ])
  const outputs = [...file.outputs.values()].flatMap(({ name, from }) =>
    checkOutput(from, sourceAt(['outputs', name]), file),
  )
  return [...steps, ...outputs]

  /** Of `{ from: …, where: … }` the source itself. */
  function sourceAt(path: TreePath): Span {
    return file.locate(typeof valueAt(root, path) === 'string' ? path : [...path, 'from'])
  }
}

function checkSource(from: string, at: Span, file: PipelineFile): readonly Diagnostic[] {
  if (from === '') return []
  const [head = '', port] = from.split('.')
  if (port !== undefined) {
    if (file.steps.has(head)) return []
    if (file.inputs.has(head)) {
      const message = `${quoteName(head)} is an input of this file, not a step; inputs have no ports`
      return [{ code: 'unknown-step', message, at, fix: `write \`${head}\`` }]
    }
    return [
      {
        code: 'unknown-step',
        message: `there is no step ${quoteName(head)} in this file`,
        at,
        ...nearest(head, [...file.steps.keys()]),
      },
    ]
  }
  if (file.inputs.has(head)) return []
  if (file.steps.has(head)) {
    const message = `${quoteName(head)} is a step; expected one of its ports`
    return [{ code: 'unknown-input', message, at, fix: `write \`${head}.PORT\`` }]
  }
  const inputs = [...file.inputs.keys()]
  const message =
    inputs.length === 0
      ? `expected a step's port, found ${quoteName(head)}; this file has no inputs`
      : `this file has no input ${quoteName(head)}`
  return [
    {
      code: 'unknown-input',
      message,
      at,
      ...(inputs.length === 0 ? nearest(head, [...file.steps.keys()], '.PORT') : nearest(head, inputs)),
    },
  ]
}

function checkOutput(from: string, at: Span, file: PipelineFile): readonly Diagnostic[] {
  if (from === '' || from.includes('.') || !file.inputs.has(from)) return checkSource(from, at, file)
  const message = `an output is a port of a step; ${quoteName(from)} is an input`
  return [{ code: 'bad-output', message, at }]
}

function checkMatrix(step: StepDeclaration, file: PipelineFile, root: Json): readonly Diagnostic[] {
  const { matrix } = step
  const path = ['steps', step.id, 'matrix']
  if (matrix?.form === 'of') {
    if (file.steps.has(matrix.step)) return []
    const message = `there is no step ${quoteName(matrix.step)} in this file to take the matrix from`
    return [{ code: 'unknown-step', message, at: file.locate(path), ...nearest(matrix.step, [...file.steps.keys()]) }]
  }
  if (matrix?.form !== 'product') return []
  const axes = [...matrix.axes.keys()]
  if (axes.length === 0 && Object.keys(mapOf(valueAt(root, path))).length > 0) {
    return [
      {
        code: 'bad-matrix',
        message: 'this matrix has no axes',
        at: file.locate(path, 'key'),
        fix: 'add `name: [values]`',
      },
    ]
  }
  const listed = Array.isArray(valueAt(root, [...path, 'where']))
  return [
    ...matrix.where.flatMap((condition, i) =>
      unknownAxes(Object.keys(condition), [...path, 'where', ...(listed ? [i] : [])]),
    ),
    ...matrix.add.flatMap((coordinates, i) => [
      ...unknownAxes(Object.keys(coordinates), [...path, 'add', i]),
      ...absentAxes(Object.keys(coordinates), [...path, 'add', i]),
    ]),
  ]

  function unknownAxes(names: readonly string[], at: TreePath): readonly Diagnostic[] {
    return names
      .filter(name => !axes.includes(name))
      .map(name => ({
        code: 'unknown-axis',
        message: `this matrix has no axis ${quoteName(name)}`,
        at: file.locate([...at, name], 'key'),
        ...suggestion(nearestName(name, axes), axes),
      }))
  }

  function absentAxes(names: readonly string[], at: TreePath): readonly Diagnostic[] {
    const absent = axes.filter(axis => !names.includes(axis))
    if (absent.length === 0 || names.some(name => !axes.includes(name))) return []
    const message = `an added cell needs a value for every axis; ${alternatives(absent.map(quoteName), 'and')} ${absent.length === 1 ? 'is' : 'are'} missing`
    return [{ code: 'bad-matrix', message, at: file.locate(at) }]
  }
}

function nearest(name: string, known: readonly string[], suffix = ''): { readonly fix?: string } {
  const found = nearestName(name, known)
  return suggestion(found === undefined ? undefined : `${found}${suffix}`, known)
}
