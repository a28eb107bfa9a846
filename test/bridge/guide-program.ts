/** What the programs have that `migration.spec.ts` makes of the tables of docs/MIGRATION.md. */
import { partialDeepStrictEqual } from 'node:assert/strict'
import { setTimeout as wait } from 'node:timers/promises'

const TRIES = 200
const RETRY_MS = 50

/** What callbacks have heard. */
export const heard: unknown[] = []

/** The `App` of the platform, as far as a worker sees it. */
export const platform = { payg: 7, on: () => undefined, Connect: () => undefined }

/** Runs a line, again while it does not give what it should: what comes over the mesh takes its time. */
export async function row(index: number, run: () => unknown, gives?: unknown): Promise<void> {
  let value = await run()

  for (let tries = 0; gives !== undefined && tries < TRIES && !fits(value, gives); tries++) {
    await wait(RETRY_MS)
    value = await run()
  }

  console.log(`ROW ${JSON.stringify([index, value ?? null])}`)
}

function fits(value: unknown, gives: unknown): boolean {
  try {
    partialDeepStrictEqual(JSON.parse(JSON.stringify(value ?? null)), gives)
    return true
  } catch {
    return false
  }
}
