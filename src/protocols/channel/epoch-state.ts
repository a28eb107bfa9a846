import type { Identity } from '../../types.ts'
import type { EpochAge } from './epoch-age.ts'
import type { SequenceWindow } from './sequence-window.ts'

/** How long missing numbers may still arrive before they are told as missed (ms). */
export const GAP_NOTICE_MS = 2_000

export interface NumberedSender {
  /** As its newest certificate says. */
  from: Identity
  epochs: Map<bigint, EpochState>
  /** Epochs that began before this time may have been forgotten, with all that was seen of them. */
  forgottenBy: number
}

/** What was seen of one epoch of a sender. */
export interface EpochState {
  id: bigint
  sender: NumberedSender
  window: SequenceWindow
  age: EpochAge
  /** When something of it was heard first. */
  heardSince: number
  /** When the numbers below the first one that was seen count as missed, if they do. */
  earlyDue: number
  /** Those who subscribed until this time have been told of them. */
  earlyTold: number
}

/** When there is something to tell; `Infinity` when there is nothing that is known now. */
export function dueOf({ window, age, earlyDue, earlyTold }: EpochState): number {
  const missing = window.oldestMissing()
  const gapDue = missing === undefined ? Number.POSITIVE_INFINITY : missing + GAP_NOTICE_MS
  return age.beganAfter > earlyTold && window.early > 0 ? Math.min(gapDue, earlyDue) : gapDue
}
