import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { nodesNamed } from '../../api/user-nodes.ts'
import { fullSchema, schemaFiles } from '../../load/full-schema.ts'
import type { NodesOptions } from '../options.ts'
import { exitCode } from '../say.ts'

/** `maskloom schema`: what an editor needs to complete and check a pipeline as it is typed. */
export async function schemaCommand(options: NodesOptions & { readonly write?: string }): Promise<number> {
  const registry = await nodesNamed(options.nodes)
  if (options.write === undefined) {
    process.stdout.write(`${JSON.stringify(fullSchema(registry), undefined, 2)}\n`)
    return exitCode.done
  }
  for (const [name, text] of schemaFiles(registry)) {
    const path = join(options.write, name)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
    process.stdout.write(`${path}\n`)
  }
  return exitCode.done
}
