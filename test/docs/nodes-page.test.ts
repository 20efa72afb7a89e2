import { expect, test } from 'vitest'
import { nodesPage } from '../../engine/report/nodes-page.ts'
import { registry } from '../../nodes/index.ts'

const page = nodesPage(registry.nodes.values())

// `npm run schemas` writes the page; so does `vitest run test/docs/nodes-page.test.ts --update`.
test('the committed page of nodes is that of the source; otherwise run `npm run schemas`', async () => {
  await expect(page).toMatchFileSnapshot('../../docs/nodes.md')
})

test('every node, port and parameter that can be written is on the page', () => {
  for (const node of registry.nodes.values()) {
    const start = page.indexOf(`\n## ${node.name}\n`)
    expect(start, node.name).toBeGreaterThan(0)
    const section = page.slice(start, page.indexOf('\n## ', start + 1) >>> 0)
    const written = Object.entries(node.params.properties).filter(([, schema]) => !('x-coordinates-of' in schema))
    for (const name of [node.inputs, node.outputs, Object.fromEntries(written)].flatMap(Object.keys)) {
      expect(section, node.name).toContain(`| \`${name}\` |`)
    }
  }
})

test('links of the index lead to headings', () => {
  const headings = [...page.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title.replace(/[^a-z0-9_-]/g, ''))
  const links = [...page.matchAll(/\]\(#([^)]+)\)/g)].map(([, target]) => target)
  expect(links.length).toBe(registry.nodes.size)
  expect(links.sort()).toEqual(headings.sort())
})
