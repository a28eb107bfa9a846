import assert from 'node:assert/strict'

/** Waits until a condition holds; fails after 10 s. */
export async function waitFor(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000
): Promise<void> {
  const deadline = performance.now() + timeoutMs

  while (!(await condition())) {
    assert(performance.now() < deadline, `waited too long for ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
