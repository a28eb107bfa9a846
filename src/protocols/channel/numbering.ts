import type { Identity } from '../../types.ts'
import type { NumberRange } from './sequence-window.ts'

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

/** Numbers of a sender that are missing. */
export interface MissingNumbers extends NumberRange {
  sender: string
  epoch: bigint
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
