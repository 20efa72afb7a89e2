import { compareText } from '../base/diagnostic.ts'
import type { InputPort, NodeDefinition, OutputPort } from '../contract/node.ts'
import { paramType } from './node-help.ts'

const opening = `# Nodes

Written from the definitions by \`npm run schemas\`; do not edit. \`npx maskloom nodes NAME\` prints the same for one node.

*Runs* says how a node relates to the items: **item** once per item, **collection** once per cell on all items, **files**
once per file of its folder, **scatter** once per cell, making the items, **split** once per item, making its children,
**gather** once per item on its children. *Lane* is the queue it waits in: **gpu** is inference, on whatever device.
A port is *per item* (one value for each), *per collection* (one for all) or *per children* (those of the item);
*folded* ports take the cells named by \`over:\`, *ordered* ones a list under \`in:\`. *Stored: auto* keeps bytes
while there is room, and makes them again when they are needed. Parameters without a default are required unless they say optional.
`

/** `docs/nodes.md`: all nodes by family, as Markdown. */
export function nodesPage(nodes: Iterable<NodeDefinition>): string {
  const sorted = [...nodes].sort((a, b) => compareText(a.name, b.name))
  const families = [...new Set(sorted.map(familyOf))]
  const index = families.map(family => {
    const links = sorted.filter(node => familyOf(node) === family).map(({ name }) => `[${name}](#${anchor(name)})`)
    return `- **${family}**: ${links.join(', ')}`
  })
  return `${[opening, index.join('\n'), ...sorted.map(nodeSection)].join('\n')}\n`
}

function nodeSection(node: NodeDefinition): string {
  const partial = node.partial === 'accept' ? ' · accepts collections with failed items' : ''
  const inputs = Object.entries(node.inputs).map(([name, port]) => [code(name), inputText(port), port.description])
  const outputs = Object.entries(node.outputs).map(([name, port]) => [code(name), outputText(port), port.description])
  return [
    `\n## ${node.name}\n`,
    `${node.description}\n`,
    `Runs: ${node.mode} · lane: ${node.lane} · version ${node.version}${partial}\n`,
    ...table(['in', 'takes', ''], inputs),
    ...table(['with', 'type', 'default', ''], paramRows(node)),
    ...table(['out', 'gives', ''], outputs),
    `\`\`\`yaml\n${node.example.trim()}\n\`\`\``,
  ].join('\n')
}

function paramRows(node: NodeDefinition): string[][] {
  const written = Object.entries(node.params.properties).filter(([, schema]) => !('x-coordinates-of' in schema))
  return written.map(([name, schema]) => {
    const required = node.params.required?.includes(name) === true
    const instead = schema['x-port']
    const needed = instead === undefined ? '' : `or the input ${code(instead)}`
    const preset = 'default' in schema ? code(JSON.stringify(schema['default'])) : required ? needed : 'optional'
    return [code(name), paramType(schema), preset, schema.description]
  })
}

function inputText(port: InputPort): string {
  const kinds = typeof port.kind === 'string' ? port.kind : port.kind.join(' or ')
  const many = port.many === undefined ? '' : `, ${port.many}`
  return `${kinds} per ${port.per}${many}${port.optional === true ? ', optional' : ''}`
}

function outputText(port: OutputPort): string {
  const stored = port.persist === undefined || port.persist === 'always' ? '' : `, stored: ${port.persist}`
  return `${port.kind} per ${port.per}${stored}`
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  if (rows.length === 0) return []
  const line = (cells: readonly string[]) => `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line), '']
}

/** As GitHub makes them: slashes and dots go, spaces become dashes. */
function anchor(title: string): string {
  return title.toLowerCase().replace(/[^a-z0-9 _-]/g, '')
}

function code(text: string): string {
  return `\`${text}\``
}

function familyOf(node: NodeDefinition): string {
  return node.name.split('/')[0] ?? ''
}
