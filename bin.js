#!/usr/bin/env node
const [major, minor] = process.versions.node.split('.').map(Number)
if (major < 20 || (major === 20 && minor < 19)) {
  process.stderr.write(`Maskloom needs Node 20.19 or newer; this is ${process.version}\n`)
  process.exitCode = 2
} else {
  // A reader that leaves (`| head`) is no error, and ends no run.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', error => {
      if (error.code !== 'EPIPE') throw error
    })
  }
  await import('./dist/engine/cli/main.js').catch(error => {
    if (error.code !== 'ERR_MODULE_NOT_FOUND' || !error.message.includes('dist/engine/cli/main.js')) throw error
    process.stderr.write('Maskloom is not built yet: run `npm run build` (or `npm ci`) in its folder\n')
    process.exitCode = 2
  })
}
