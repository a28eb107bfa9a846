/** `npm run bench -- <name> [arguments]` */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const benches = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.replace('.ts', ''))
const [name, ...rest] = process.argv.slice(2)

if (name === undefined || !benches.includes(name)) {
  process.stderr.write(`usage: npm run bench -- <${benches.join('|')}> [arguments]\n`)
  process.exitCode = 2
} else {
  const file = join(import.meta.dirname, `${name}.ts`)
  // Each bench reads its own arguments, as when it is run by itself.
  process.argv.splice(1, process.argv.length - 1, file, ...rest)
  await import(pathToFileURL(file).href)
}
