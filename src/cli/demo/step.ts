import type { Stage } from './stage.ts'

/** What a step shows of itself when it held. */
export interface StepResult {
  /** One line for people. */
  detail: string
  /** Further lines for people. */
  lines?: string[]
  /** The same as data. */
  data?: Record<string, unknown>
}

/** One thing that the demo does and checks. */
export interface Step {
  /** One word, stable: scripts and tests look for it. */
  name: string
  /** What is meant to happen, for people. */
  title: string
  /** Rejects when what it checks does not hold. The signal ends it when its time is over. */
  run: (stage: Stage, signal: AbortSignal) => Promise<StepResult>
}

/** What became of a step. */
export interface StepReport {
  name: string
  ok: boolean
  /** How long it took. */
  ms: number
  /** What it found, or why it did not hold. */
  detail: string
  lines?: string[]
  data?: Record<string, unknown>
}

/** What a step throws when something is not as it should be. */
export class StepFailure extends Error {
  override readonly name = 'StepFailure'
}

/** Throws `StepFailure` unless the condition holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) {
    throw new StepFailure(message)
  }
}

/** The same for two values that are to be equal as JSON, whatever the order of their keys. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  check(canonical(actual) === canonical(expected), `${what}: ${canonical(actual)}, not ${canonical(expected)}`)
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part
  )
}
