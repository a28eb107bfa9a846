import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from './env-file.ts'

/** Sets what the `.env` files of a folder say and the environment does not. Does nothing without the folder. */
export function readEnvs(folder = 'envs'): void {
  const names = existsSync(folder) ? readdirSync(folder).sort() : []

  for (const name of names.filter((file) => file.endsWith('.env') || file.startsWith('.env'))) {
    for (const [key, value] of parseEnv(readFileSync(join(folder, name), 'utf8'))) {
      process.env[key] ??= value
    }
  }
}
