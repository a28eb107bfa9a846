/** Fails when an import breaks the rule of `import-rule.ts`, or files import each other in a circle. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { faultsIn } from './import-rule.ts'

const root = process.argv[2] ?? join(import.meta.dirname, '..')
const patterns = ['src', 'relay', 'gateway', 'bench', 'examples', 'scripts', 'test'].map(
  (room) => `${room}/**/*.{ts,js}`
)
const paths = globSync(patterns, { cwd: root, exclude: ['**/node_modules', '**/dist'] })
const faults = faultsIn(new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')])))

for (const fault of faults) {
  console.error(fault)
}

if (faults.length > 0) {
  process.exitCode = 1
} else {
  console.log(`imports of ${paths.length} files run one way, and none in a circle`)
}
