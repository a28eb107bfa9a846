import type { Plugin } from 'esbuild'

/**
 * Parts of what is bundled are CommonJS, and ask for Node's modules by `require`: this one knows no others. It needs no
 * `import.meta`, which those who bundle the package into CommonJS have not.
 */
export const REQUIRE =
  'const require = (name) => { const found = process.getBuiltinModule(name); ' +
  "if (found === undefined) throw new Error('there is no ' + name); return found };"

/**
 * Node's HTTP, got by `require`. Who imports it as a module has each of its exports read, and `WebSocket` among them
 * loads the whole of fetch: a tenth of the time of a start, for what few processes use.
 */
export const requiredHttp: Plugin = {
  name: 'required-http',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(node:)?https?$/ }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'required' } : undefined
    )
    onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({ contents: `module.exports = require('${path}')` }))
  }
}
