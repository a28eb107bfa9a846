import { DeadlineTimer } from '../../lib/deadline-timer.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { Identity } from '../../types.ts'
import { EpochAge } from './epoch-age.ts'
import { dueOf, type EpochState, GAP_NOTICE_MS, type NumberedSender as Sender } from './epoch-state.ts'
import type { BatchArrival, FoundGap, MissingNumbers, Numbered, NumberedEpoch } from './numbering.ts'
import { SequenceWindow } from './sequence-window.ts'

/** Senders remembered for each channel. */
const MAX_SENDERS = 1_000
/** Starts remembered for each sender, so that a repeat from before its last restart is known as one. */
const MAX_EPOCHS = 4
/** As long as missing numbers come in, the others are waited for, so long at most. */
const MAX_PATIENCE_MS = 10_000

export interface SequenceTrackerInit {
  /** Messages of a sender are missing; told once for each range of numbers and each subscription. */
  onGap: (gap: FoundGap) => void
  /** Numbers are found to be missing, and may still come. */
  onMissing?: () => void
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

/**
 * The numbers that the senders of one channel have used: tells which messages of a batch are new, and notices those
 * that are missing. Those below the first one that was seen are missing for the subscriptions that are older than the
 * sender's epoch, and for no others.
 */
export class SequenceTracker {
  readonly #onGap: SequenceTrackerInit['onGap']
  readonly #onMissing: SequenceTrackerInit['onMissing']
  readonly #now: () => number
  readonly #timer: DeadlineTimer
  readonly #senders = new LruCache<string, Sender>({
    max: MAX_SENDERS,
    onEvict: () => {
      this.#forgottenBy = this.#now()
    }
  })
  /** Epochs with numbers that are missing and not told. */
  readonly #waiting = new Set<EpochState>()
  /** Until then what is missing is not told before its time is over for good. */
  #patientUntil = Number.NEGATIVE_INFINITY
  #forgottenBy = Number.NEGATIVE_INFINITY

  constructor({ onGap, onMissing, now = monotonicNow }: SequenceTrackerInit) {
    this.#onGap = onGap
    this.#onMissing = onMissing
    this.#now = now
    this.#timer = new DeadlineTimer(now, (time) => this.#tell(time))
  }

  /** Takes note of the numbers `first` to `first + count - 1`; tells which of them are new. */
  accept(from: Identity, epoch: bigint, first: number, count: number, arrival: BatchArrival): Numbered {
    const state = this.#state(from, epoch)
    const { found } = state.window
    const accepted = state.window.accept(first, count, arrival.at)

    if (arrival.age !== undefined) {
      state.age.note(arrival.age, arrival.at, arrival.mayHaveWaited)
    }
    this.#watch(state)

    if (state.window.found > found) {
      this.#onMissing?.()
    }

    const ranges = accepted.map(({ start, end, early, told }) => {
      return { start, end, told: early ? state.earlyTold : told ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY }
    })
    return { epoch: state, ranges, beganAfter: state.age.probablyBeganAfter }
  }

  /** Whether anything of this epoch was seen and is remembered. */
  knows(peerId: string, epoch: bigint): boolean {
    return this.#senders.peek(peerId)?.epochs.has(epoch) === true
  }

  /** Takes note of numbers that have come and were refused: those that nothing was known of are told as missed. */
  skip(from: Identity, epoch: bigint, first: number, count: number, until: number): void {
    const state = this.#state(from, epoch)
    const missed = state.window.skip(first, count, this.#now())
    this.#watch(state)

    if (missed > 0) {
      const end = first + count
      this.#onGap({ from, missed, by: 'known', after: Number.NEGATIVE_INFINITY, until, epoch: state, end })
    }
  }

  /** What is missing and was not told, of each sender; what is below the first number if the epoch began after this time. */
  missing(knownSince: number): MissingNumbers[] {
    const now = this.#now()
    return [...this.#waiting].flatMap(({ id, sender, window, age, earlyDue }) => {
      const withEarly = age.probablyBeganAfter > knownSince && earlyDue + this.#patience(now) > now
      return window.missing(withEarly).map(({ start, end }) => ({ sender: sender.from.peerId, epoch: id, start, end }))
    })
  }

  /**
   * Numbers from `start` on are missed, also below the first one that was seen when that came after `since`. Gives what
   * stands for the epoch.
   */
  continueFrom(from: Identity, epoch: bigint, start: number, since: number): NumberedEpoch {
    const isNew = !this.knows(from.peerId, epoch)
    const state = this.#state(from, epoch)
    const now = this.#now()

    if (!isNew && state.heardSince >= since) {
      state.window.expect(start, now)
    }

    state.window.accept(Math.max(start, state.window.next), 0, now)
    this.#watch(state)
    this.#onMissing?.()
    return state
  }

  /** Where each epoch that is known goes on: from the first number that is missing and not told, without an end. */
  toCome(): MissingNumbers[] {
    return [...this.#senders.values()].flatMap(({ from, epochs }) => {
      return [...epochs.values()].map(({ id, window }) => {
        const start = window.missing(false)[0]?.start ?? window.next
        return { sender: from.peerId, epoch: id, start, end: Number.POSITIVE_INFINITY }
      })
    })
  }

  /** Missing numbers are coming in: the others may have some more time. */
  bePatient(): void {
    this.#patientUntil = this.#now() + GAP_NOTICE_MS
  }

  /** Stops watching. */
  stop(): void {
    this.#timer.stop()
    this.#waiting.clear()
    this.#senders.clear()
  }

  #state(from: Identity, epoch: bigint): EpochState {
    const sender = this.#sender(from)
    const known = sender.epochs.get(epoch)

    if (known !== undefined) {
      return known
    }

    const now = this.#now()

    if (sender.epochs.size === MAX_EPOCHS) {
      sender.epochs.delete(sender.epochs.keys().next().value as bigint)
      sender.forgottenBy = now
    }

    const state = {
      id: epoch,
      sender,
      window: new SequenceWindow(),
      age: new EpochAge(),
      heardSince: now,
      earlyDue: now + GAP_NOTICE_MS,
      earlyTold: Number.NEGATIVE_INFINITY
    }
    sender.epochs.set(epoch, state)
    return state
  }

  #sender(from: Identity): Sender {
    const known = this.#senders.get(from.peerId)

    if (known !== undefined) {
      known.from = from
      return known
    }

    const sender = { from, epochs: new Map(), forgottenBy: this.#forgottenBy }
    this.#senders.set(from.peerId, sender)
    return sender
  }

  #patience(now: number): number {
    return now < this.#patientUntil ? MAX_PATIENCE_MS - GAP_NOTICE_MS : 0
  }

  #watch(state: EpochState): void {
    const due = dueOf(state)

    if (due !== Number.POSITIVE_INFINITY) {
      this.#waiting.add(state)
      this.#timer.set(due, this.#now())
    }
  }

  /** Gives the next time to look. */
  #tell(now: number): number {
    let next = Number.POSITIVE_INFINITY
    const patience = this.#patience(now)

    for (const state of this.#waiting) {
      const { from } = state.sender

      for (const { count, end, since } of state.window.takeMissing(now - GAP_NOTICE_MS - patience)) {
        const after = Number.NEGATIVE_INFINITY
        this.#onGap({ from, missed: count, by: 'added', after, until: since, epoch: state, end })
      }

      if (state.earlyDue + patience <= now) {
        this.#tellEarly(state)
      }

      const due = dueOf(state)
      next = Math.min(next, patience === 0 ? due : Math.max(due, this.#patientUntil))

      if (due === Number.POSITIVE_INFINITY) {
        this.#waiting.delete(state)
      }
    }
    return next
  }

  #tellEarly(state: EpochState): void {
    const { sender, window, age, earlyTold } = state
    const until = age.beganAfter
    const missed = window.early

    if (until > earlyTold) {
      state.earlyTold = until

      // What began after everything that was forgotten was not forgotten itself.
      if (missed > 0 && until > sender.forgottenBy) {
        const end = window.earlyEnd
        this.#onGap({ from: sender.from, missed, by: 'known', after: earlyTold, until, epoch: state, end })
      }
    }
  }
}
