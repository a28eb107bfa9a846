/** Ranges of missing numbers kept for one sender; the oldest is given up first. */
const MAX_MISSING_RANGES = 64

/** The numbers from `start` to `end - 1`. */
export interface NumberRange {
  start: number
  end: number
}

interface MissingRange extends NumberRange {
  /** When a later number arrived; `undefined` once it is told, and below the first number that was seen. */
  since: number | undefined
  /** Below the first number that was seen. */
  early: boolean
}

/** Numbers that have come. */
export interface AcceptedRange extends NumberRange {
  /** They were missing below the first number that was seen. */
  early: boolean
  /** They were missing, and told by it. */
  told: boolean
}

/** Numbers that are missing. */
export interface Missing {
  count: number
  /** Below this number. */
  end: number
  /** When a later number arrived. */
  since: number
}

/**
 * The numbers that one sender has used since its start, in whatever order they arrive. Each number is accepted once at
 * most. Memory is bounded: numbers that arrived are one range, those that are missing below are 64 ranges at most.
 */
export class SequenceWindow {
  /** Above all numbers that were seen. */
  #next: number | undefined
  /** Not seen and below `#next`, ascending. */
  #missing: MissingRange[] = []
  /** Given up for room before they were told. */
  #givenUp: Missing[] = []
  /** How often numbers were found to be missing. */
  #found = 0
  /** How many of the early ones were given up for room. */
  #earlyGivenUp = 0

  /** How many numbers are missing below the first one that was seen. */
  get early(): number {
    const early = this.#missing.filter((range) => range.early)
    return early.reduce((sum, { start, end }) => sum + end - start, this.#earlyGivenUp)
  }

  /** Above all numbers that were seen. */
  get next(): number {
    return this.#next ?? 0
  }

  /** Counts up when numbers are found to be missing. */
  get found(): number {
    return this.#found
  }

  /** What is missing and was not told; with or without what is below the first number that was seen. */
  missing(withEarly: boolean): NumberRange[] {
    return this.#missing.filter(({ since, early }) => since !== undefined || (early && withEarly))
  }

  /** All that are missing below the first number that was seen are below this one. */
  get earlyEnd(): number {
    return this.#missing.findLast((range) => range.early)?.end ?? 0
  }

  /**
   * Takes note of `count` numbers from `first` on; gives those of them that are new, ascending. None at all: `first` comes next.
   *
   * @param now ms, on the clock of `takeMissing`
   */
  accept(first: number, count: number, now: number): AcceptedRange[] {
    const end = first + count

    if (count < 0) {
      return []
    }

    if (this.#next === undefined) {
      this.#begin(first)
    }

    const next = this.#next ?? first
    const late = first < next ? this.#fill(first, Math.min(end, next)) : []

    if (end <= next) {
      return late
    }

    this.#advance(next, first, now)
    this.#next = end
    return count === 0 ? [] : [...late, { start: Math.max(first, next), end, early: false, told: false }]
  }

  /**
   * Takes note of `count` numbers from `first` on that have come and must not be accepted: they are missing, and told by
   * this. Gives how many of them nothing was known of.
   */
  skip(first: number, count: number, now: number): number {
    const end = first + count
    const next = this.#next ?? first

    if (this.#next === undefined) {
      this.#begin(first)
    }

    if (end <= next) {
      return 0
    }

    this.#advance(next, first, now)
    const start = Math.max(first, next)
    this.#addMissing({ start, end, since: undefined, early: false })
    this.#next = end
    return end - start
  }

  /** Numbers from `start` on, below the first one that was seen, are missing as any others. */
  expect(start: number, now: number): void {
    for (const range of this.#missing.filter(({ early, end }) => early && end > start)) {
      const { end } = range
      range.end = Math.max(range.start, start)
      this.#missing.splice(this.#missing.indexOf(range) + 1, 0, { start: range.end, end, since: now, early: false })
      this.#found++
    }
    this.#missing = this.#missing.filter((range) => range.start < range.end)
    this.#makeRoom()
  }

  /** When the first of the numbers that are missing and not told was found to be; `undefined` when there is none. */
  oldestMissing(): number | undefined {
    return this.#givenUp.length > 0 ? 0 : this.#missing.find(({ since }) => since !== undefined)?.since
  }

  /** Each range that is missing since `before` or earlier and was not told yet. */
  takeMissing(before: number): Missing[] {
    const missing = this.#givenUp
    this.#givenUp = []

    for (const range of this.#missing) {
      if (range.since !== undefined && range.since <= before) {
        missing.push({ count: range.end - range.start, end: range.end, since: range.since })
        range.since = undefined
      }
    }
    return missing
  }

  // What came before the first number that was seen may still arrive. Whether it is missed if it does not, others know.
  #begin(first: number): void {
    this.#next = first

    if (first > 0) {
      this.#found++
      this.#missing = [{ start: 0, end: first, since: undefined, early: true }]
    }
  }

  #advance(next: number, first: number, now: number): void {
    if (first > next) {
      this.#found++
      this.#addMissing({ start: next, end: first, since: now, early: false })
    }
  }

  #fill(start: number, end: number): AcceptedRange[] {
    const filled: AcceptedRange[] = []
    const left: MissingRange[] = []

    for (const range of this.#missing) {
      const from = Math.max(start, range.start)
      const to = Math.min(end, range.end)

      if (from >= to) {
        left.push(range)
        continue
      }

      filled.push({ start: from, end: to, early: range.early, told: !range.early && range.since === undefined })
      left.push({ ...range, end: from }, { ...range, start: to })
    }

    if (filled.length > 0) {
      this.#missing = left.filter((range) => range.start < range.end)
      this.#makeRoom()
    }
    return filled
  }

  #addMissing(range: MissingRange): void {
    this.#missing.push(range)
    this.#makeRoom()
  }

  #makeRoom(): void {
    while (this.#missing.length > MAX_MISSING_RANGES) {
      const { start, end, since, early } = this.#missing.shift() as MissingRange

      if (since !== undefined) {
        this.#givenUp.push({ count: end - start, end, since })
      } else if (early) {
        this.#earlyGivenUp += end - start
      }
    }
  }
}
