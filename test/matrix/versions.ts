/** What the package is tried with, as npm installs it. */
export const COMPILERS = {
  '5.4': '5.4.5',
  '5.5': '5.5.4',
  '5.6': '5.6.3',
  '5.7': '5.7.3',
  '5.8': '5.8.3',
  '5.9': '5.9.3',
  '7': '7.0.2'
} as const

export const TOOLS = [
  'esbuild@0.28.2',
  'webpack@5.113.0',
  'webpack-cli@6.0.1',
  'rollup@4.68.8',
  '@rollup/plugin-node-resolve@16.0.3',
  'next@16.4.6',
  'react@19.3.1',
  'react-dom@19.3.1',
  'tsx@4.23.15',
  'jest@30.5.2',
  'jest-environment-jsdom@30.5.2',
  'vitest@4.1.12',
  'jsdom@27.4.0'
] as const

/** The folder of a compiler, which all have one name. */
export const compilerFolder = (version: string): string => `typescript-${version}`

/** All of it, for `npm install`. */
export const PACKAGES: readonly string[] = [
  ...Object.entries(COMPILERS).map(([name, version]) => `${compilerFolder(name)}@npm:typescript@${version}`),
  ...TOOLS
]
