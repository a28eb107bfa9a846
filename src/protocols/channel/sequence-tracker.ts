import { DeadlineTimer } from '../../lib/deadline-timer.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { Identity } from '../../types.ts'
import { EpochAge } from './epoch-age.ts'
import { type NumberRange, SequenceWindow } from './sequence-window.ts'

/** How long missing numbers may still arrive before they are told as missed (ms). */
export const GAP_NOTICE_MS = 2_000
/** Senders remembered for each channel. */
const MAX_SENDERS = 1_000
/** Starts remembered for each sender, so that a repeat from before its last restart is known as one. */
const MAX_EPOCHS = 4

/** Messages of a sender that are missing, and for whom. */
export interface FoundGap {
  from: Identity
  missed: number
  /** What counts of a subscription: when it was added here, or when others knew of it. */
  by: 'added' | 'known'
  /** To be told to subscriptions from after this time ... */
  after: number
  /** ... until this time: the others have been told, or it was before their time. */
  until: number
  epoch: NumberedEpoch
  /** The missing ones are below this number. */
  end: number
}

/** Stands for one epoch of a sender, as long as it is remembered. */
export type NumberedEpoch = object

/** Numbers that are new. */
export interface ArrivedRange extends NumberRange {
  /** Subscriptions were told that they miss them: all, those from before a time, or none. */
  told: number
}

/** What the numbers of a batch are. */
export interface Numbered {
  epoch: NumberedEpoch
  /** Those that are new, ascending but for those that were missing, which come first. */
  ranges: ArrivedRange[]
  /** The epoch began after this time, as it seems; `-Infinity` when nobody says. */
  beganAfter: number
}

/** When a batch arrived, and how old its epoch was when it left. */
export interface BatchArrival {
  at: number
  /** The epoch's age (ms). Absent when the sender does not say. */
  age?: number
  /** It may have lain unread, as this process stood still. */
  mayHaveWaited: boolean
}

export interface SequenceTrackerInit {
  /** Messages of a sender are missing; told once for each range of numbers and each subscription. */
  onGap: (gap: FoundGap) => void
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

interface Sender {
  /** As its newest certificate says. */
  from: Identity
  epochs: Map<bigint, EpochState>
  /** Epochs that began before this time may have been forgotten, with all that was seen of them. */
  forgottenBy: number
}

/** What was seen of one epoch of a sender. */
interface EpochState {
  sender: Sender
  window: SequenceWindow
  age: EpochAge
  /** When the numbers below the first one that was seen count as missed, if they do. */
  earlyDue: number
  /** Those who subscribed until this time have been told of them. */
  earlyTold: number
}

/**
 * The numbers that the senders of one channel have used: tells which messages of a batch are new, and notices those
 * that are missing. Those below the first one that was seen are missing for the subscriptions that are older than the
 * sender's epoch, and for no others.
 */
export class SequenceTracker {
  readonly #onGap: SequenceTrackerInit['onGap']
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
  #forgottenBy = Number.NEGATIVE_INFINITY

  constructor({ onGap, now = monotonicNow }: SequenceTrackerInit) {
    this.#onGap = onGap
    this.#now = now
    this.#timer = new DeadlineTimer(now, (time) => this.#tell(time))
  }

  /** Takes note of the numbers `first` to `first + count - 1`; tells which of them are new. */
  accept(from: Identity, epoch: bigint, first: number, count: number, arrival: BatchArrival): Numbered {
    const state = this.#state(from, epoch)
    const accepted = state.window.accept(first, count, arrival.at)

    if (arrival.age !== undefined) {
      state.age.note(arrival.age, arrival.at, arrival.mayHaveWaited)
    }
    this.#watch(state)
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
      sender,
      window: new SequenceWindow(),
      age: new EpochAge(),
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

    for (const state of this.#waiting) {
      const { from } = state.sender

      for (const { count, end, since } of state.window.takeMissing(now - GAP_NOTICE_MS)) {
        const after = Number.NEGATIVE_INFINITY
        this.#onGap({ from, missed: count, by: 'added', after, until: since, epoch: state, end })
      }

      if (state.earlyDue <= now) {
        this.#tellEarly(state)
      }

      const due = dueOf(state)
      next = Math.min(next, due)

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

/** When there is something to tell; `Infinity` when there is nothing that is known now. */
function dueOf({ window, age, earlyDue, earlyTold }: EpochState): number {
  const missing = window.oldestMissing()
  const gapDue = missing === undefined ? Number.POSITIVE_INFINITY : missing + GAP_NOTICE_MS
  return age.beganAfter > earlyTold && window.early > 0 ? Math.min(gapDue, earlyDue) : gapDue
}
