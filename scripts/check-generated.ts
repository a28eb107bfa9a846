/** Fails when the generated code in `src/protocols/pb` is not what the .proto files give. */
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const FOLDER = join(import.meta.dirname, '../src/protocols/pb')

function read(): Map<string, string> {
  return new Map(readdirSync(FOLDER).map((name) => [name, readFileSync(join(FOLDER, name), 'utf8')]))
}

const before = read()
execFileSync(process.execPath, [join(import.meta.dirname, 'protobuf.ts')], { stdio: 'inherit' })
const stale = [...read()].filter(([name, text]) => before.get(name) !== text).map(([name]) => name)

if (stale.length > 0) {
  console.error(`not up to date, now generated again: ${stale.join(', ')}`)
  process.exitCode = 1
}
