import type { Call, Load } from './kind.ts'

export const TEXT = 'about a hundred bytes of JSON in all, as in most calls of the platform'

/** Asks something else each time, and fails on an answer to another question. */
export function checked(call: Call, text: string): () => Promise<void> {
  let count = 0

  return async () => {
    const a = count++ % 1_000
    const answer = (await call({ a, b: 7, text })) as { product?: number; text?: string }

    if (answer.product !== a * 7 || answer.text?.length !== text.length) {
      throw new Error(`${a} * 7 was answered with ${JSON.stringify(answer).slice(0, 200)}`)
    }
  }
}

/** Keeps so many of them in flight. */
export async function inFlight(call: () => Promise<void>, seconds: number, count: number): Promise<Load> {
  const start = performance.now()
  const end = start + seconds * 1000
  const times: number[] = []

  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let now = performance.now(); now < end; ) {
        await call()
        const done = performance.now()
        times.push(done - now)
        now = done
      }
    })
  )

  return { rate: (times.length * 1000) / (performance.now() - start), times }
}
