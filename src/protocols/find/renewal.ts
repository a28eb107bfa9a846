import { LEASE_RENEW_MS, MAX_LEASE_HOLD_MS } from '../../constants.ts'

/** Of a large app, all workers together sign so many leases in a second: as many as each of them hears. */
const ALL_PER_SECOND = 2
/** Of the leases that hold at a time, so many may get lost before the last one ends. */
const LEASES_PER_HOLD = 3
/** A worker comes a little early, each time another bit: those that started together don't go on together. */
const SPREAD = 1 / 4

/** When a worker signs its next lease, and how long this one holds. */
export interface Renewal {
  /** Until the next one, in ms. */
  afterMs: number
  /** Absent: what a lease holds that doesn't say. */
  holdMs?: number
}

export interface RenewalTerms {
  /** Live workers of the app. */
  workers: number
  /** Somebody follows the app for whom every lease holds 15 s. */
  isHurried: boolean
  /** 0 to 1, like `Math.random`. */
  random: () => number
}

/** The more workers an app has, the more rarely each says that it lives: up to ten every 5 s, 200 every 100 s. */
export function renewalOf({ workers, isHurried, random }: RenewalTerms): Renewal {
  const dueMs = Math.min((workers / ALL_PER_SECOND) * 1_000, MAX_LEASE_HOLD_MS / LEASES_PER_HOLD)
  const early = 1 - SPREAD * random()

  if (dueMs <= LEASE_RENEW_MS) {
    return { afterMs: LEASE_RENEW_MS * early }
  }
  return { afterMs: (isHurried ? LEASE_RENEW_MS : dueMs) * early, holdMs: LEASES_PER_HOLD * dueMs }
}
