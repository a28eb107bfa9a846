/** Parts of what is bundled are CommonJS, and ask for Node's modules by `require`. */
export const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"
