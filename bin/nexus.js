#!/usr/bin/env node
// Plain JavaScript that old versions of Node can parse too, so that they get a sentence and not a syntax error.
var version = process.versions.node.split('.').map(Number)

if (version[0] < 22 || (version[0] === 22 && version[1] < 12)) {
  process.stderr.write(`nexus: INVALID: nexus-mesh needs Node 22.12 or later; this is ${process.version}\n`)
  process.exit(2)
}

import('node:fs')
  .then(({ existsSync }) => {
    const built = new URL('../dist/src/cli/main.js', import.meta.url)
    const source = new URL('../src/cli/main.ts', import.meta.url)

    if (!existsSync(built) && !process.features.typescript) {
      throw new Error('this clone is not built and this Node runs no TypeScript: npm install && npm run build')
    }

    return import(existsSync(built) ? built : source)
  })
  .catch((error) => {
    process.stderr.write(`nexus: ${error.message}\n`)
    process.exitCode = 1
  })
