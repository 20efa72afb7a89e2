import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Registry } from '../../engine/contract/registry.ts'
import { schemaFiles } from '../../engine/load/full-schema.ts'

/** Until the registry exists, the generated schema is that of no nodes. */
async function nodes(): Promise<Registry['nodes']> {
  const index = new URL('../../nodes/index.ts', import.meta.url)
  if (!existsSync(index)) return new Map()
  const module = (await import(index.href)) as { readonly registry: Registry }
  return module.registry.nodes
}

test('the committed schemas are those of the source; otherwise run `npm run schemas`', async () => {
  for (const [path, text] of schemaFiles({ nodes: await nodes() })) {
    expect(readFileSync(new URL(`../../schemas/${path}`, import.meta.url), 'utf8'), path).toBe(text)
  }
})
