/** All users together may hold so many times what one may. */
const ALL = 4

export interface HeldBytesInit<L> {
  /** What the lines of one user may hold together. */
  ofUser: number
  /** Has a line hold less: it holds something when it is called. */
  giveUp: (line: L) => void
}

/** Bytes that are held back, by line and user. When they are too many, the line that holds most gives something up. */
export class HeldBytes<L> {
  readonly #init: HeldBytesInit<L>
  readonly #users = new Map<string, Map<L, number>>()
  #all = 0

  constructor(init: HeldBytesInit<L>) {
    this.#init = init
  }

  add(line: L, user: string, bytes: number): void {
    const lines = this.#users.get(user) ?? new Map<L, number>()
    this.#users.set(user, lines)
    lines.set(line, (lines.get(line) ?? 0) + bytes)
    this.#all += bytes

    while (sumOf(lines) > this.#init.ofUser) {
      this.#init.giveUp(largestOf(lines))
    }

    while (this.#all > ALL * this.#init.ofUser) {
      const all = [...this.#users.values()]
      this.#init.giveUp(largestOf(all.reduce((most, other) => (sumOf(other) > sumOf(most) ? other : most))))
    }
  }

  remove(line: L, user: string, bytes: number): void {
    const lines = this.#users.get(user)
    const left = (lines?.get(line) ?? 0) - bytes
    this.#all -= bytes

    if (left > 0) {
      lines?.set(line, left)
    } else {
      lines?.delete(line)
    }

    if (lines?.size === 0) {
      this.#users.delete(user)
    }
  }
}

function sumOf(lines: Map<unknown, number>): number {
  return [...lines.values()].reduce((sum, bytes) => sum + bytes, 0)
}

function largestOf<L>(lines: Map<L, number>): L {
  return [...lines].reduce((most, other) => (other[1] > most[1] ? other : most))[0]
}
