import assert from 'node:assert/strict'

/** Waits until a condition holds, and fails when it does not within `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string) = 'the condition',
  timeoutMs = 10_000
): Promise<void> {
  const deadline = performance.now() + timeoutMs

  while (!(await condition())) {
    if (performance.now() >= deadline) {
      assert.fail(`still waiting after ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
