import type { Lease } from '../../identity/lease.ts'

/** A worker that is being connected to, or waits for that. */
export interface Probe {
  /** What was known of it when it was dialled. */
  lease: Lease | undefined
  /** Aborts the dial when the worker is elsewhere. Absent while it waits. */
  dial: AbortController | undefined
  done: Promise<void>
}

/** A worker that was started anew, or has other addresses: where it is dialled now it may never be reached. */
export function isElsewhere(lease: Lease | undefined, dialled: Lease | undefined): boolean {
  return (
    lease !== undefined &&
    lease.version > (dialled?.version ?? 0) &&
    (lease.event === 'join' || lease.addresses.join() !== dialled?.addresses.join())
  )
}
