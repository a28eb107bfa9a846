import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { parseEnv } from 'node:util'
import { writeWholeFile } from '../../node/runtime/whole-file.ts'

const HEAD = '# Written by nexus dev.\n'

/** The variables of a file that `writeEnvFile` wrote; none when there is no such file. */
export async function readEnvFile(path: string): Promise<Record<string, string | undefined>> {
  return existsSync(path) ? parseEnv(await readFile(path, 'utf8')) : {}
}

/**
 * Writes variables for `node --env-file` and shells, readable by their owner alone. Rejects with `INVALID` when a file is
 * there that is none of these.
 */
export async function writeEnvFile(path: string, variables: Record<string, string>): Promise<void> {
  const lines = Object.entries(variables).map(([name, value]) => `${name}=${value}\n`)
  const mayReplace = (text: string): boolean => text.startsWith(HEAD)
  const refusal = 'is there already and was not written by nexus dev'
  await writeWholeFile(path, `${HEAD}${lines.join('')}`, { mode: 0o600, mayReplace, refusal })
}
