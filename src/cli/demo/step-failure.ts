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
