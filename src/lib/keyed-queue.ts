import { onAbort } from './abort.ts'

interface Line {
  running: number
  waiting: Array<() => void>
}

/** So many pieces of work at a time for each key; the others wait in line. */
export class KeyedQueue {
  readonly #max: number
  readonly #lines = new Map<string, Line>()

  constructor(max: number) {
    this.#max = max
  }

  /** Keys for which something is under way. */
  get size(): number {
    return this.#lines.size
  }

  /** Does the work when it is its turn. Rejects with the signal's reason when that aborts before. */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    signal.throwIfAborted()
    const line = this.#lines.get(key) ?? { running: 0, waiting: [] }
    this.#lines.set(key, line)
    await this.#turn(line, signal)

    try {
      return await work()
    } finally {
      this.#passOn(key, line)
    }
  }

  async #turn(line: Line, signal: AbortSignal): Promise<void> {
    if (line.running < this.#max) {
      line.running++
      return
    }

    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const giveUp = (): void => {
      line.waiting = line.waiting.filter((waiting) => waiting !== resolve)
      reject(signal.reason)
    }
    line.waiting.push(resolve)
    await promise.finally(onAbort(signal, giveUp))
  }

  #passOn(key: string, line: Line): void {
    const next = line.waiting.shift()

    if (next !== undefined) {
      next()
    } else if (--line.running === 0) {
      this.#lines.delete(key)
    }
  }
}
