import { TaskError } from '../base/diagnostic.ts'
import { addNodes } from '../contract/add-nodes.ts'
import type { AddedModule, Registry } from '../contract/registry.ts'

/** The registry a module exports, with modules of user nodes added: in a worker the same as in the run. */
export async function loadRegistry(url: string, added: readonly AddedModule[]): Promise<Registry> {
  const { registry } = (await import(url)) as { readonly registry: Registry }
  return extendRegistry(registry, added)
}

/** @throws TaskError `bad-nodes` naming the module that cannot be loaded or does not fit. */
export async function extendRegistry(base: Registry, added: readonly AddedModule[]): Promise<Registry> {
  let registry = base
  for (const module of added) registry = addNodes(registry, module, await importNodes(module))
  return registry
}

async function importNodes({ url, name }: AddedModule): Promise<{ readonly [name: string]: unknown }> {
  try {
    return await import(url)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new TaskError(
      { code: 'bad-nodes', message: `${name} cannot be loaded: ${message}`, ...adviceFor(error, code, message, name) },
      { cause: error },
    )
  }
}

function adviceFor(error: unknown, code: string | undefined, message: string, name: string): { readonly fix?: string } {
  if (code === 'ERR_MODULE_NOT_FOUND' && message.includes("'maskloom'"))
    return { fix: 'install maskloom beside the module (`npm install maskloom`)' }
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION' || /\.[cm]?tsx?$/.test(name))
    return { fix: 'compile it to JavaScript, or use a Node that reads TypeScript' }
  if (/outside a module|Unexpected token 'export'/.test(message))
    return { fix: 'name it .mjs, or put `"type": "module"` into its package.json' }
  // Where it is, Node only says when it ends because of it.
  return error instanceof SyntaxError ? { fix: `\`node --check ${name}\` shows the place` } : {}
}
