import { onAbort } from '../../lib/abort.ts'
import type { SignedGossip } from './signed-gossip.ts'

/** Streams open and close without an event, so the condition is looked at this often besides (ms). */
const LOOK_EVERY_MS = 20

/**
 * Waits until a condition on gossip's view of its peers holds. Gives whether it does: `false` after `timeoutMs` or
 * when the signal aborts. Never rejects.
 */
export function waitForGossip(
  gossip: SignedGossip,
  condition: () => boolean,
  timeoutMs: number,
  signal: AbortSignal
): Promise<boolean> {
  if (condition() || signal.aborted) {
    return Promise.resolve(condition())
  }

  return new Promise((resolve) => {
    const end = (): void => {
      clearInterval(interval)
      clearTimeout(timeout)
      stopListening()
      gossip.removeEventListener('subscription', look)
      resolve(condition())
    }
    const look = (): void => {
      if (condition()) {
        end()
      }
    }
    const interval = setInterval(look, LOOK_EVERY_MS)
    const timeout = setTimeout(end, timeoutMs)
    const stopListening = onAbort(signal, end)
    gossip.addEventListener('subscription', look)
  })
}
