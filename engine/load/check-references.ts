import type { Json } from '../base/canonical.ts'
import type { Diagnostic, Span } from '../base/diagnostic.ts'
import { nearestName } from '../base/typo.ts'
import { quoteName, suggestion } from '../base/words.ts'
import type { PipelineFile, StepDeclaration, TreePath } from '../contract/pipeline.ts'
import { namespaces, referencesIn, type WrittenReference } from './reference-text.ts'

type Complaint = Pick<Diagnostic, 'code' | 'message' | 'fix'>

/** `${…}` in `with:` and `matrix:` that are malformed or name what the file does not have. */
export function checkReferences(file: PipelineFile, text: string): readonly Diagnostic[] {
  const problems: Diagnostic[] = []
  for (const step of file.steps.values()) {
    const axes = axesOf(step, file)
    visit(step.with, ['steps', step.id, 'with'], reference => complaintAbout(reference, file, step, axes))
    visit(matrixTree(step), ['steps', step.id, 'matrix'], reference => complaintAbout(reference, file, step, 'none'))
  }
  return problems

  function visit(tree: Json, path: TreePath, complain: (reference: WrittenReference) => Complaint | undefined): void {
    if (typeof tree === 'string') {
      for (const reference of referencesIn(tree)) {
        const complaint = complain(reference)
        if (complaint !== undefined)
          problems.push({ ...complaint, at: narrow(file.locate(path), text, reference.text) })
      }
    } else if (Array.isArray(tree)) {
      tree.forEach((entry, i) => {
        visit(entry, [...path, i], complain)
      })
    } else if (tree !== null && typeof tree === 'object') {
      for (const [key, value] of Object.entries(tree)) visit(value, [...path, key], complain)
    }
  }
}

/** Own axes of a step, through `matrix: STEP`; undefined when that leads nowhere (reported elsewhere). */
export function axesOf(step: StepDeclaration, file: PipelineFile): readonly string[] | undefined {
  const visited = new Set<string>()
  let current: StepDeclaration | undefined = step
  while (current?.matrix?.form === 'of') {
    if (visited.has(current.id)) return undefined
    visited.add(current.id)
    current = file.steps.get(current.matrix.step)
  }
  if (current === undefined) return undefined
  const { matrix } = current
  return matrix === undefined
    ? []
    : matrix.form === 'rows'
      ? ['row']
      : matrix.form === 'product'
        ? [...matrix.axes.keys()]
        : []
}

function matrixTree({ matrix }: StepDeclaration): Json {
  if (matrix === undefined || matrix.form === 'of') return null
  if (matrix.form === 'rows') return { rows: matrix.rows }
  return { ...Object.fromEntries(matrix.axes), add: matrix.add }
}

function complaintAbout(
  reference: WrittenReference,
  file: PipelineFile,
  step: StepDeclaration,
  axes: readonly string[] | 'none' | undefined,
): Complaint | undefined {
  if (reference.name === undefined) return malformed(reference.text, file)
  const { namespace, rest } = reference.name
  const name = rest.split('.', 1)[0] as string
  if (namespace === 'params') {
    if (file.params.has(name)) return undefined
    const known = [...file.params.keys()]
    const fix =
      known.length === 0
        ? { fix: `declare it: \`params: { ${name}: { type: … } }\`` }
        : suggestion(nearestName(name, known), known)
    return { code: 'unknown-param', message: `this file has no parameter ${quoteName(name)}`, ...fix }
  }
  if (namespace === 'env') {
    if (file.env.includes(rest)) return undefined
    const nearest = nearestName(rest, file.env)
    const fix =
      nearest === undefined
        ? `declare it: \`env: [${[...file.env, rest].join(', ')}]\``
        : `did you mean ${quoteName(nearest)}?`
    return {
      code: 'unknown-env',
      message: `this file does not declare the environment variable ${quoteName(rest)}`,
      fix,
    }
  }
  if (axes === 'none') {
    return {
      code: 'bad-reference',
      message: 'an axis cannot refer to the matrix it is part of',
      fix: 'use `rows:` for values that belong together',
    }
  }
  if (axes === undefined || axes.includes(name)) return undefined
  const fix = axes.length === 0 ? { fix: 'give the step a `matrix:`' } : suggestion(nearestName(name, axes), axes)
  return { code: 'unknown-axis', message: `step ${quoteName(step.id)} has no axis ${quoteName(name)}`, ...fix }
}

function malformed(text: string, file: PipelineFile): Complaint {
  const code = 'bad-reference'
  if (!text.endsWith('}'))
    return { code, message: `${quoteName(text)} is never closed`, fix: 'add the `}`; a literal `${` is written `$${`' }
  const inner = text.slice(2, -1).trim()
  const expected = 'expected `${params.name}`, `${matrix.axis}` or `${env.NAME}`'
  const message = `${expected}, found ${quoteName(text)}`
  if (file.params.has(inner)) return { code, message, fix: `write \`\${params.${inner}}\`` }
  const [head = '', ...rest] = inner.split('.')
  if (file.steps.has(head) && rest.length > 0)
    return { code, message, fix: 'outputs of steps are taken in under `in:`' }
  const namespace = nearestName(head, namespaces)
  if (namespace !== undefined && /^[\w.-]+$/.test(rest.join('.')))
    return { code, message, fix: `write \`\${${[namespace, ...rest].join('.')}}\`` }
  if (/^[\w.-]*$/.test(inner)) return { code, message, fix: 'name a parameter, an axis or an environment variable' }
  return {
    code,
    message,
    fix: 'there are no expressions in references; compute the value outside and make it a parameter',
  }
}

/** The range of the reference itself if it stands in the source as it is (no escapes, no folded lines). */
function narrow(at: Span, text: string, written: string): Span {
  const start = text.slice(at.start, at.end).indexOf(written)
  return start === -1 ? at : { file: at.file, start: at.start + start, end: at.start + start + written.length }
}
