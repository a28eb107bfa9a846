/** Fails when an example in a docstring of `src` or `relay` does not compile, naming its file and line. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { examplesIn, faultsOf } from './examples.ts'

const root = process.argv[2] ?? join(import.meta.dirname, '..')
const paths = globSync(['src/**/*.ts', 'relay/**/*.ts'], { cwd: root }).sort()
const examples = paths.flatMap((path) => examplesIn(path, readFileSync(join(root, path), 'utf8')))
const faults = await faultsOf(examples)

for (const fault of faults) {
  console.error(fault)
}

if (faults.length > 0) {
  process.exitCode = 1
} else {
  console.log(`${examples.length} examples in docstrings compile`)
}
