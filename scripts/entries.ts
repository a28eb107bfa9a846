/** What the package exports, by the name of its files in `dist/types` and `dist/cjs`. */

/** For Node. Each becomes `dist/<its path>.js` too. */
export const NODE_ENTRIES: Readonly<Record<string, string>> = {
  index: 'src/index',
  authority: 'src/authority/index',
  server: 'src/authority/site/index',
  bridge: 'src/bridge/index',
  relay: 'relay/relay',
  testing: 'src/testing/index'
}

/** For pages, where there are other types than in Node. */
export const PAGE_ENTRIES: Readonly<Record<string, string>> = {
  page: 'src/page/index',
  'bridge.browser': 'src/bridge/browser',
  react: 'src/page/hooks/react',
  vue: 'src/page/hooks/vue'
}

/** Whose types public declarations may name: who imports these entries has them, and of Node `nodeHandler` alone has any. */
export const TYPES_OF_PEERS: readonly string[] = ['react', 'vue', 'node:http']
