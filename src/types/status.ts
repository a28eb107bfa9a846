/**
 * How a block stands with its mesh. `connecting`: it has not been in yet. `online`: a relay or bootstrap peer is
 * connected, or none is configured. `degraded`: it is in, but not all that it should have stands. `offline`: it was
 * in and has lost all of its ways.
 */
export type NexusState = 'connecting' | 'online' | 'degraded' | 'offline'

/** Why a block is not simply online. */
export type NexusStatusReason =
  /** No relay or bootstrap peer answers. */
  | 'NO_RELAY'
  /** The certificate was refused, here or by every relay; the message says why. */
  | 'REFUSED'
  /** The certificate's time is over, and no new one has come. */
  | 'EXPIRED'
  /** The clock of this device is wrong: certificates do not hold by it, or it is over 60 s off from the relays'. */
  | 'WRONG_CLOCK'
  /** No relay gives a reservation: nobody can dial this block through one. */
  | 'NO_RESERVATION'
  /** The device says that it has no network. */
  | 'NO_NETWORK'

/** Something that is not as it should be, with which the block works all the same. */
export type NexusNoticeReason =
  /** No WebRTC: everything goes through relays. */
  | 'NO_WEBRTC'
  /** No Ed25519 in WebCrypto: signatures are made and checked in JavaScript, slower. */
  | 'NO_ED25519'
  /** No IndexedDB, or not allowed: the key lasts as long as the page. */
  | 'NO_STORAGE'
  /** What another version had stored could not be used; a new key was made. */
  | 'OLD_STORAGE'
  /** The clock of this device is wrong: the time of the site is used, or it is over 30 s off from the relays'. */
  | 'WRONG_CLOCK'
  /** The certificate ends within 10 days, or within the last third of its time, and was not renewed. */
  | 'EXPIRES_SOON'
  /** A renewal of the certificate failed, and is tried again; the message says why. */
  | 'NOT_RENEWED'

/** A thing that is not as it should be. */
export interface NexusNotice {
  reason: NexusNoticeReason
  /** For people. */
  message: string
  /** With `WRONG_CLOCK`: how far the clock of this device is ahead (ms), below 0 when it is behind. */
  aheadMs?: number
}

/** How a block stands with its mesh, and why. */
export interface NexusStatus {
  state: NexusState
  /** Absent when all is well. */
  reason?: NexusStatusReason
  /** For people: what is wrong, and what to do if there is something. Empty when all is well. */
  message: string
  /** What this runtime lacks, and what somebody should look after; at most one for each reason. */
  notices: readonly NexusNotice[]
  /** Since when, in ms since 1970. */
  since: number
}

/** Is told each new status. What it throws goes to `onHandlerError` of `createNexus`. */
export type StatusHandler = (status: NexusStatus) => unknown
