import { cancelled } from '../errors.ts'
import { onAbort } from './abort.ts'

interface Waiter {
  bytes: number
  resolve: () => void
}

/** A number of bytes that may wait at a time. Those who want more wait for room, in the order in which they came. */
export class ByteBudget {
  readonly #limit: number
  #used = 0
  #waiters: Waiter[] = []

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Bytes taken now. */
  get used(): number {
    return this.#used
  }

  /** Whether `take` would give room at once. */
  fits(bytes: number): boolean {
    return this.#waiters.length === 0 && this.#fits(bytes)
  }

  /**
   * Takes room, at once when there is some (`undefined`), else once there is. What is larger than the whole budget
   * gets in alone. Throws or rejects with `CANCELLED` when the signal aborts.
   */
  take(bytes: number, signal?: AbortSignal): Promise<void> | undefined {
    if (signal?.aborted === true) {
      throw cancelled(signal)
    }

    if (this.fits(bytes)) {
      this.#used += bytes
      return undefined
    }

    return this.#wait(bytes, signal)
  }

  give(bytes: number): void {
    this.#used -= bytes
    this.#admit()
  }

  #fits(bytes: number): boolean {
    return this.#used === 0 || this.#used + bytes <= this.#limit
  }

  #wait(bytes: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        reject(cancelled(signal))
        // The one that gave up may have been what held up smaller ones.
        this.#admit()
      }
      const waiter = {
        bytes,
        resolve: () => {
          stopListening()
          resolve()
        }
      }
      const stopListening = onAbort(signal, giveUp)
      this.#waiters.push(waiter)
    })
  }

  #admit(): void {
    let admitted = 0

    for (const { bytes, resolve } of this.#waiters) {
      if (!this.#fits(bytes)) {
        break
      }
      this.#used += bytes
      admitted++
      resolve()
    }
    this.#waiters.splice(0, admitted)
  }
}
