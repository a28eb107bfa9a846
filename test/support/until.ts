import assert from 'node:assert/strict'

/** Waits until a condition holds, and fails when it does not within `timeoutMs`. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what = 'the condition',
  timeoutMs = 10_000
): Promise<void> {
  const deadline = performance.now() + timeoutMs

  while (!(await condition())) {
    assert.ok(performance.now() < deadline, `still waiting after ${timeoutMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
