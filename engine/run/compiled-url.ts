/**
 * URL of the compiled form of a module of this package. Workers always run compiled code: neither `fork` nor `Worker`
 * reads TypeScript on the oldest Node supported, and tests run the sources.
 */
export function compiledUrl(moduleUrl: string): string {
  const here = import.meta.url
  const root = new URL('../../', here).href
  if (!moduleUrl.startsWith(root)) return moduleUrl
  const path = moduleUrl.slice(root.length).replace(/\.ts$/, '.js')
  return here.endsWith('.ts') ? `${root}dist/${path}` : root + path
}
