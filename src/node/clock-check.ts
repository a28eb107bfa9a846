import { GOSSIP_MAX_AGE_MS } from '../constants.ts'

/** A clock that is off by more than this is told of: half of what is forgiven. */
export const CLOCK_NOTICE_MS = GOSSIP_MAX_AGE_MS / 2

/**
 * How far others' clocks are ahead: the median, so that one of them may be wrong. Of two in the middle the one that is
 * nearer to this block's own.
 */
export function agreedAhead(aheadMs: readonly number[]): number | undefined {
  const sorted = aheadMs.toSorted((a, b) => a - b)
  const [low, high] = [sorted[Math.ceil(sorted.length / 2) - 1], sorted[Math.floor(sorted.length / 2)]]
  return low !== undefined && high !== undefined && Math.abs(low) < Math.abs(high) ? low : high
}

/** What to tell people when this block's clock differs from its relays' by over 30 s. */
export function clockNotice(aheadMs: number | undefined): string | undefined {
  if (aheadMs === undefined || Math.abs(aheadMs) <= CLOCK_NOTICE_MS) {
    return undefined
  }

  const off = `the clock of this device is ${Math.round(Math.abs(aheadMs) / 1_000)} s ${aheadMs > 0 ? 'behind' : 'ahead of'} its relays'`
  return isFarOff(aheadMs)
    ? `${off}: what it publishes is refused, and it refuses what others publish, until the clock is set`
    : `${off}: from ${GOSSIP_MAX_AGE_MS / 1_000} s on, messages are refused`
}

/** Whether channel messages and leases are refused for this difference. */
export function isFarOff(aheadMs: number | undefined): boolean {
  return aheadMs !== undefined && Math.abs(aheadMs) > GOSSIP_MAX_AGE_MS
}
