import { checkReplaceable, writeWholeFile } from '../../node/runtime/whole-file.ts'

/** A compact JWS and nothing else. */
const STATEMENT = /^[\w-]+\.[\w-]+\.[\w-]+\s*$/

const refusal = 'is there already and is no certificate or list that was written so: --force replaces it'

/**
 * Throws `INVALID` when there is a file that may not be replaced by a signed statement: anything but another one, as it
 * may hold a key.
 */
export async function checkStatementFile(path: string, force = false): Promise<void> {
  await checkReplaceable(path, rule(force))
}

/** Writes a signed statement, which is no secret, as text. Rejects as `checkStatementFile` does. */
export async function writeStatementFile(path: string, statement: string, force = false): Promise<void> {
  await writeWholeFile(path, `${statement}\n`, { mode: 0o644, ...rule(force) })
}

function rule(force: boolean) {
  return { mayReplace: (text: string) => force || STATEMENT.test(text), refusal }
}
