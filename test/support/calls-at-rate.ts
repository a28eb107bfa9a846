import type { NexusError } from '../../src/errors.ts'
import type { Nexus } from '../../src/types.ts'

/** What became of a call. */
export interface Outcome {
  /** `done`, or the code of the error. */
  code: string
  ms: number
  id: number
  idempotent: boolean
}

export interface CallsAtRateOptions {
  perSecond: number
  /** Whether a call is idempotent, by its number. Default: none is. */
  isIdempotent?: (id: number) => boolean
}

/** Calls of `echo` of the app `etest` at a constant rate, each with its number, whatever becomes of them. */
export class CallsAtRate {
  readonly outcomes: Outcome[] = []
  readonly #running = new Set<Promise<void>>()
  readonly #timer: ReturnType<typeof setInterval>
  #count = 0

  constructor(caller: Nexus, { perSecond, isIdempotent = () => false }: CallsAtRateOptions) {
    this.#timer = setInterval(() => {
      const id = this.#count++
      const running = this.#call(caller, id, isIdempotent(id)).finally(() => this.#running.delete(running))
      this.#running.add(running)
    }, 1_000 / perSecond)
  }

  /** Begins no more, and gives what became of all. */
  async end(): Promise<Outcome[]> {
    clearInterval(this.#timer)
    await Promise.all(this.#running)
    return this.outcomes
  }

  async #call(caller: Nexus, id: number, idempotent: boolean): Promise<void> {
    const began = performance.now()
    const code = await caller.api({ app: 'etest', cmd: 'echo', body: { id }, idempotent }).then(
      () => 'done',
      (error: NexusError) => error.code
    )
    this.outcomes.push({ code, ms: performance.now() - began, id, idempotent })
  }
}
