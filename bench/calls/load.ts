/** What every kind of call is measured by. */

export type Question = {
  a: number
  b: number
  text: string
}

/** Asks for the product of `a` and `b`. */
export type Call = (question: Question) => Promise<unknown>

export interface Client {
  call: Call
  close: () => Promise<void>
}

/** One way of calling: a server in a process of its own, and its client. */
export interface Kind {
  /** Gives what the client needs to find it. */
  serve: () => Promise<string>
  open: (address: string) => Promise<Client>
}

export interface Measured {
  /** Calls a second, `IN_FLIGHT` at a time. */
  rate: number
  /** The median time of a call, one at a time, in ms. */
  p50: number
}

export const IN_FLIGHT = 64
export const TEXT = 'about a hundred bytes of JSON in all, as in most calls of the platform'

/** Measures a client after a second of warming up. */
export async function measureCalls(client: Client, seconds: number): Promise<Measured> {
  const call = checked(client.call)
  await manyInFlight(call, 1)
  return { rate: await manyInFlight(call, seconds), p50: await oneAtATime(call, seconds) }
}

export function answerTo(question: Question): Question & { product: number } {
  return { ...question, product: question.a * question.b }
}

/** Asks something else each time, and fails on an answer to another question. */
function checked(call: Call): () => Promise<void> {
  let count = 0

  return async () => {
    const a = count++ % 1_000
    const answer = (await call({ a, b: 7, text: TEXT })) as { product?: number }

    if (answer.product !== a * 7) {
      throw new Error(`${a} * 7 was answered with ${JSON.stringify(answer)}`)
    }
  }
}

async function manyInFlight(call: () => Promise<void>, seconds: number): Promise<number> {
  const start = performance.now()
  const end = start + seconds * 1000
  let calls = 0

  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      while (performance.now() < end) {
        await call()
        calls++
      }
    })
  )

  return (calls * 1000) / (performance.now() - start)
}

/** The median, in ms. */
async function oneAtATime(call: () => Promise<void>, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1000
  const times: number[] = []

  for (let now = performance.now(); now < end; ) {
    await call()
    const done = performance.now()
    times.push(done - now)
    now = done
  }

  return median(times)
}

export function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!
}
