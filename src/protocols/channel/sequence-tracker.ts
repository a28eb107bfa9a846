import { LRUCache } from 'lru-cache'
import { DeadlineTimer } from '../../lib/deadline-timer.ts'
import { now as monotonicNow } from '../../lib/now.ts'
import type { Identity } from '../../types.ts'
import { type NumberRange, SequenceWindow } from './sequence-window.ts'

/** How long missing numbers may still arrive before they are told as missed (ms). */
export const GAP_NOTICE_MS = 2_000
/** Senders remembered for each channel. */
const MAX_SENDERS = 1_000
/** Starts remembered for each sender, so that a repeat from before its last restart is known as one. */
const MAX_EPOCHS = 4

export interface SequenceTrackerInit {
  /** Messages of a sender are missing; told once for each range of numbers. */
  onGap: (from: Identity, missed: number) => void
  /** Milliseconds, never running backwards. Default: since the program began. */
  now?: () => number
}

interface Sender {
  /** As its newest certificate says. */
  from: Identity
  windows: Map<bigint, SequenceWindow>
}

/**
 * The numbers that the senders of one channel have used: tells which messages of a batch are new, and notices those
 * that are missing. The first batch that is seen of a sender's epoch is where the counting begins.
 */
export class SequenceTracker {
  readonly #onGap: SequenceTrackerInit['onGap']
  readonly #now: () => number
  readonly #timer: DeadlineTimer
  readonly #senders = new LRUCache<string, Sender>({ max: MAX_SENDERS })
  /** Windows with numbers that are missing and not told. */
  readonly #waiting = new Map<SequenceWindow, Sender>()

  constructor({ onGap, now = monotonicNow }: SequenceTrackerInit) {
    this.#onGap = onGap
    this.#now = now
    this.#timer = new DeadlineTimer(now, (time) => this.#tell(time))
  }

  /** Takes note of the numbers `first` to `first + count - 1`; gives those of them that are new. */
  accept(from: Identity, epoch: bigint, first: number, count: number): NumberRange[] {
    const sender = this.#sender(from)
    const window = windowOf(sender, epoch)
    const now = this.#now()
    const accepted = window.accept(first, count, now)
    const oldest = window.oldestMissing()

    if (oldest !== undefined) {
      this.#waiting.set(window, sender)
      this.#timer.set(oldest + GAP_NOTICE_MS, now)
    }
    return accepted
  }

  /** Stops watching. */
  stop(): void {
    this.#timer.stop()
    this.#waiting.clear()
    this.#senders.clear()
  }

  #sender(from: Identity): Sender {
    const known = this.#senders.get(from.peerId)

    if (known !== undefined) {
      known.from = from
      return known
    }

    const sender = { from, windows: new Map() }
    this.#senders.set(from.peerId, sender)
    return sender
  }

  /** Gives the next time to look. */
  #tell(now: number): number {
    let next = Number.POSITIVE_INFINITY

    for (const [window, { from }] of this.#waiting) {
      for (const missed of window.takeMissing(now - GAP_NOTICE_MS)) {
        this.#onGap(from, missed)
      }

      const oldest = window.oldestMissing()

      if (oldest === undefined) {
        this.#waiting.delete(window)
      } else {
        next = Math.min(next, oldest + GAP_NOTICE_MS)
      }
    }
    return next
  }
}

function windowOf({ windows }: Sender, epoch: bigint): SequenceWindow {
  const known = windows.get(epoch)

  if (known !== undefined) {
    return known
  }

  if (windows.size === MAX_EPOCHS) {
    windows.delete(windows.keys().next().value as bigint)
  }

  const window = new SequenceWindow()
  windows.set(epoch, window)
  return window
}
