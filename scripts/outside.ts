import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { DATA_CHANNEL } from '../src/node/runtime/data-channel.ts'

/** Brought by whoever uses them, or by nobody: what `ws` would take where it is there, and what builds the demo page. */
export const OUTSIDE = ['esbuild', 'bufferutil', 'utf-8-validate']

/**
 * Stands above what is bundled, where no comment is left out: whoever bundles the package reads in these that what is
 * imported is known at run time only.
 */
export const IMPORT_OPTIONAL =
  'const importUnseen = (name) => import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ name);'

/** Has `importOptional` use it. */
export const optionalImports: Plugin = {
  name: 'optional-imports',
  setup({ onLoad }) {
    onLoad({ filter: /src[\\/]lib[\\/]import-optional\.ts$/ }, () => ({
      contents: 'export const importOptional = (name) => importUnseen(name)'
    }))
  }
}

const LOADED = join(import.meta.dirname, '../src/node/runtime/data-channel.ts')

/** In place of an import of WebRTC's native part, what was loaded before it by a name that no bundler sees. */
export const loadedDataChannel: Plugin = {
  name: 'loaded-data-channel',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node-datachannel/ }, ({ path }) =>
      DATA_CHANNEL.includes(path) ? { path, namespace: 'loaded' } : { errors: [{ text: `${path} is not loaded` }] }
    )
    onLoad({ filter: /.*/, namespace: 'loaded' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(LOADED)}).dataChannel(${JSON.stringify(path)})`,
      resolveDir: import.meta.dirname
    }))
  }
}
