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
  /** Has bytes sent back. Absent where a peer carries none. */
  bytes?: (body: Uint8Array) => Promise<Uint8Array>
  /** Sends one way; resolves when it was taken. Absent where a peer has nothing of the kind. */
  direct?: (question: Question) => Promise<void>
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
  await inFlight(call, 1, IN_FLIGHT)
  const { rate } = await inFlight(call, seconds, IN_FLIGHT)
  const { times } = await inFlight(call, seconds, 1)
  return { rate, p50: quantile(times, 0.5) }
}

export function answerTo(question: Question): Question & { product: number } {
  return { ...question, product: question.a * question.b }
}

/** Asks something else each time, and fails on an answer to another question. */
export function checked(call: Call, text = TEXT): () => Promise<void> {
  let count = 0

  return async () => {
    const a = count++ % 1_000
    const answer = (await call({ a, b: 7, text })) as { product?: number; text?: string }

    if (answer.product !== a * 7 || answer.text?.length !== text.length) {
      throw new Error(`${a} * 7 was answered with ${JSON.stringify(answer).slice(0, 200)}`)
    }
  }
}

export interface Load {
  /** A second. */
  rate: number
  /** Of each, in ms. */
  times: number[]
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

export function median(values: number[]): number {
  return quantile(values, 0.5)
}

export function quantile(values: number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN
}
