const MAX_UINT32 = 0xffff_ffff

/**
 * Numbers for the calls that one side of a session begins: odd ones for the side that opened the stream, even ones for
 * the other, so that a number names one call on the session whoever began it. 0 is no call's.
 */
export class CallIds {
  readonly #first: number
  readonly #inUse: (id: number) => boolean
  #next: number

  /** `start` is for tests of the wrap. */
  constructor(initiator: boolean, inUse: (id: number) => boolean, start?: number) {
    this.#first = initiator ? 1 : 2
    this.#inUse = inUse
    this.#next = start ?? this.#first
  }

  next(): number {
    let id = this.#take()

    while (this.#inUse(id)) {
      id = this.#take()
    }

    return id
  }

  /** Whether this side gives out such a number. */
  owns(id: number): boolean {
    return id !== 0 && id % 2 === this.#first % 2
  }

  #take(): number {
    const id = this.#next
    this.#next = id + 2 > MAX_UINT32 ? this.#first : id + 2
    return id
  }
}
