import assert from 'node:assert/strict'

/** How often a condition is looked at: at first, and after some seconds. Asking a page or a process takes its time. */
const OFTEN_MS = 10
const SELDOM_MS = 50
const SLOWS_DOWN_BY = 1 / 50

/** Waits until a condition holds, and fails when it does not within `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string | (() => string) = 'the condition',
  timeoutMs = 10_000
): Promise<void> {
  const began = performance.now()

  while (!(await condition())) {
    const waitedMs = performance.now() - began

    if (waitedMs >= timeoutMs) {
      assert.fail(`still waiting after ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}`)
    }
    const pauseMs = Math.min(OFTEN_MS + waitedMs * SLOWS_DOWN_BY, SELDOM_MS)
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
  }
}

/** Looks for `forMs` whether what is asserted goes on to hold. */
export async function staysSo(assertion: () => Promise<void>, forMs: number): Promise<void> {
  const end = performance.now() + forMs

  while (performance.now() < end) {
    await assertion()
    await new Promise((resolve) => setTimeout(resolve, OFTEN_MS))
  }
}
