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
}

export interface Load {
  /** A second. */
  rate: number
  /** Of each, in ms. */
  times: number[]
}

/** Keeps so many in flight. */
export type Loader = (inFlight: number, seconds: number) => Promise<Load>

/** One way of calling: a server in a process of its own, and its client. */
export interface Kind {
  /** Starts what stands between, for `serve`: see `isRelayed`. */
  relay?: () => Promise<string>
  /** Gives what the client needs to find it. */
  serve: (relay: string | undefined) => Promise<string>
  open: (address: string) => Promise<Client>
  /** In place of `open` for clients of another language, which make their load themselves. */
  openLoader?: (address: string, text: string) => Promise<Loader>
}

export function answerTo(question: Question): Question & { product: number } {
  return { ...question, product: question.a * question.b }
}
