/** How much may wait, or does. */
export interface Room {
  items: number
  bytes: number
}

export interface Entry<T> {
  item: T
  bytes: number
}

/** What waits of one sender. */
class SenderLine<T> implements Room {
  readonly sender: string
  readonly entries: Array<Entry<T>> = []
  bytes = 0

  constructor(sender: string) {
    this.sender = sender
  }

  get items(): number {
    return this.entries.length
  }
}

/** What waits of one user, by sender, in the order of their turns. */
export class UserLine<T> implements Room {
  readonly senders = new Map<string, SenderLine<T>>()
  items = 0
  bytes = 0

  add(sender: string, entry: Entry<T>): void {
    const line = this.senders.get(sender) ?? new SenderLine<T>(sender)
    this.senders.set(sender, line)
    line.entries.push(entry)
    this.#count(line, 1, entry.bytes)
  }

  /** The next in turn, or the ms until a sender has one that need not wait. */
  take(delayOf: (sender: string) => number): Entry<T> | number {
    let soonest = Number.POSITIVE_INFINITY

    for (const [sender, line] of this.senders) {
      const delay = delayOf(sender)

      if (delay <= 0) {
        const entry = line.entries.shift() as Entry<T>
        this.senders.delete(sender)
        this.#count(line, -1, -entry.bytes)

        if (line.items > 0) {
          this.senders.set(sender, line)
        }
        return entry
      }
      soonest = Math.min(soonest, delay)
    }

    return soonest
  }

  longest(): SenderLine<T> {
    return [...this.senders.values()].reduce((longest, line) => (line.bytes > longest.bytes ? line : longest))
  }

  dropLast(line: SenderLine<T>): Entry<T> {
    const entry = line.entries.pop() as Entry<T>
    this.#count(line, -1, -entry.bytes)

    if (line.items === 0) {
      this.senders.delete(line.sender)
    }
    return entry
  }

  #count(line: SenderLine<T>, items: number, bytes: number): void {
    line.bytes += bytes
    this.items += items
    this.bytes += bytes
  }
}
