import { readFileSync } from 'node:fs'
import { Ajv } from 'ajv'
import { expect, test } from 'vitest'
import { validateAgainst } from '../../engine/base/json-schema.ts'
import { schemaFiles } from '../../engine/load/full-schema.ts'
import { registry } from '../../nodes/index.ts'

test('the committed schemas are those of the source; otherwise run `npm run schemas`', () => {
  for (const [path, text] of schemaFiles(registry)) {
    expect(readFileSync(new URL(`../../schemas/${path}`, import.meta.url), 'utf8'), path).toBe(text)
  }
})

test.each([...registry.nodes.values()])('the parameters of $name are a schema that the engine takes', ({ params }) => {
  expect(new Ajv({ strict: false }).validateSchema(params)).toBe(true)
  expect(() => validateAgainst(params, {})).not.toThrow()
})
