import { compareText } from '../base/diagnostic.ts'
import type { InputPort, NodeDefinition, OutputPort, ParamSchema } from '../contract/node.ts'
import { noPaint, type Paint } from './paint.ts'
import { tableLines } from './table.ts'

/** What `nodes` prints: one line per node, by family. `maxWidth` in terminal cells. */
export function nodeListLines(nodes: Iterable<NodeDefinition>, paint: Paint = noPaint, maxWidth?: number): string[] {
  const sorted = [...nodes].sort((a, b) => compareText(a.name, b.name))
  const rows = sorted.map(node => [node.name, firstSentence(node.description)])
  const lines = tableLines([{ title: '' }, { title: '' }], rows, {
    indent: 2,
    bare: true,
    ...(maxWidth === undefined ? {} : { maxWidth }),
  })
  return lines.flatMap((line, index) => {
    const family = familyOf(sorted[index])
    if (family === familyOf(sorted[index - 1])) return [line]
    return [...(index === 0 ? [] : ['']), paint.bold(family), line]
  })
}

/** What `nodes NAME` prints: everything a user needs to write the step, from the definition alone. */
export function nodePageLines(node: NodeDefinition, paint: Paint = noPaint): string[] {
  const where = node.lane === 'gpu' ? 'an inference worker (lane gpu)' : `lane ${node.lane}`
  return [
    `${paint.bold(node.name)}  version ${node.version}`,
    node.description,
    '',
    `Runs ${MODES[node.mode]}, in ${where}.${node.partial === 'accept' ? ' Accepts collections with failed items.' : ''}`,
    ...section('in', portLines(node.inputs, inputText), paint),
    ...section('with', paramLines(node), paint),
    ...section('out', portLines(node.outputs, outputText), paint),
    ...section(
      'example',
      node.example
        .trimEnd()
        .split('\n')
        .map(line => `  ${line}`),
      paint,
    ),
  ]
}

const MODES: { readonly [mode in NodeDefinition['mode']]: string } = {
  item: 'once per item',
  collection: 'once per cell, on whole collections',
  files: 'once per file of its folder and makes an item of each',
  scatter: 'once per cell and makes the items',
  split: 'once per item and makes its children',
  gather: 'once per item, over its children',
}

function familyOf(node: NodeDefinition | undefined): string {
  return node?.name.split('/')[0] ?? ''
}

function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text
}

function section(title: string, lines: readonly string[], paint: Paint): string[] {
  return lines.length === 0 ? [] : ['', paint.bold(title), ...lines]
}

function portLines<Port extends { readonly description: string }>(
  ports: { readonly [name: string]: Port },
  describe: (port: Port) => string,
): string[] {
  const rows = Object.entries(ports).map(([name, port]) => [name, describe(port), port.description])
  return tableLines([{ title: '' }, { title: '' }, { title: '' }], rows, { indent: 2, bare: true })
}

function inputText(port: InputPort): string {
  const kind = typeof port.kind === 'string' ? port.kind : port.kind.join(' | ')
  const many = port.many === undefined ? '' : port.many === 'folded' ? ', many (over:)' : ', many (list, in order)'
  return `${kind} per ${port.per}${many}${port.optional === true ? ', optional' : ''}`
}

function outputText(port: OutputPort): string {
  const persist = port.persist === undefined || port.persist === 'always' ? '' : `, stored: ${port.persist}`
  return `${port.kind} per ${port.per}${persist}`
}

function paramLines(node: NodeDefinition): string[] {
  const required = new Set(node.params.required)
  const written = Object.entries(node.params.properties).filter(([, schema]) => !('x-coordinates-of' in schema))
  const rows = written.map(([name, schema]) => [
    name,
    paramType(schema),
    required.has(name) ? requiredText(schema) : 'default' in schema ? JSON.stringify(schema['default']) : 'optional',
    schema.description + (schema['x-key'] === false ? ' (does not change the result)' : ''),
  ])
  const columns = ['name', 'type', 'default', 'meaning'].map(title => ({ title }))
  return rows.length === 0 ? [] : tableLines(columns, rows, { indent: 2 })
}

function requiredText(schema: ParamSchema): string {
  return schema['x-port'] === undefined ? 'required' : `required, or input ${schema['x-port']}`
}

/** `integer ≥ 1`, `number 0…1`, `none | horizontal`, `file`, `list of number`, `weights of boxes`. */
export function paramType(schema: ParamSchema): string {
  if (schema['x-path'] !== undefined) return schema['x-path']
  if (schema['x-pipeline']) return 'pipeline'
  if (schema['x-params-of'] !== undefined) return `parameters of ${schema['x-params-of']}`
  if (schema['x-weights-of'] !== undefined) return `weights of ${schema['x-weights-of']}`
  const choices = schema['enum']
  if (Array.isArray(choices)) return choices.map(choice => String(choice)).join(' | ')
  if ('const' in schema) return String(schema['const'])
  for (const union of [schema['oneOf'], schema['anyOf']]) {
    if (Array.isArray(union)) return union.map(option => paramType(option as ParamSchema)).join(' | ')
  }
  const type = Array.isArray(schema['type']) ? schema['type'].join(' | ') : String(schema['type'] ?? 'any')
  if (type === 'array') {
    const items = schema['items']
    return typeof items === 'object' && items !== null ? `list of ${paramType(items as ParamSchema)}` : 'list'
  }
  return `${type === 'object' ? 'map' : type}${rangeText(schema)}`
}

function rangeText(schema: ParamSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema as { readonly [keyword: string]: unknown }
  if (typeof minimum === 'number' && typeof maximum === 'number') return ` ${minimum}…${maximum}`
  const bounds = [
    typeof minimum === 'number' ? `≥ ${minimum}` : '',
    typeof exclusiveMinimum === 'number' ? `> ${exclusiveMinimum}` : '',
    typeof maximum === 'number' ? `≤ ${maximum}` : '',
    typeof exclusiveMaximum === 'number' ? `< ${exclusiveMaximum}` : '',
  ].filter(bound => bound !== '')
  return bounds.length === 0 ? '' : ` ${bounds.join(' and ')}`
}
