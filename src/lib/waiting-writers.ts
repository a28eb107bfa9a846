/** A small frame waits for the frames before it, a large body for the bodies as well. */
export type WriteSize = 'small' | 'large'

/** Those who wait until there is room to write, each kind in the order in which they came. */
export class WaitingWriters {
  readonly #isFull: (size: WriteSize) => boolean
  #small: Array<() => void> = []
  #large: Array<() => void> = []

  /** @param isFull - whether so much is queued that one of this kind has to wait */
  constructor(isFull: (size: WriteSize) => boolean) {
    this.#isFull = isFull
  }

  /** Whether nobody waits. */
  get empty(): boolean {
    return this.#small.length === 0 && this.#large.length === 0
  }

  /** Runs `write` when there is room for it: at once, or in its turn. Forgotten after `clear`. */
  run(size: WriteSize, write: () => void): void {
    const line = this.#line(size)

    if (line.length === 0 && !this.#isFull(size)) {
      write()
    } else {
      line.push(write)
    }
  }

  /** Lets those write for whom there is room now. */
  readonly admit = (): void => {
    for (const size of ['small', 'large'] as const) {
      const line = this.#line(size)

      while (line.length > 0 && !this.#isFull(size)) {
        line.shift()?.()
      }
    }
  }

  clear(): void {
    this.#small.length = 0
    this.#large.length = 0
  }

  #line(size: WriteSize): Array<() => void> {
    return size === 'small' ? this.#small : this.#large
  }
}
