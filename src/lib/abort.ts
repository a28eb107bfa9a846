import { raceSignal } from 'race-signal'

/** Calls back when the signal aborts, at once when it has. Gives a function that ends this. */
export function onAbort(signal: AbortSignal | undefined, listener: () => void): () => void {
  if (signal?.aborted === true) {
    listener()
    return () => undefined
  }

  signal?.addEventListener('abort', listener, { once: true })
  return () => signal?.removeEventListener('abort', listener)
}

/** Waits for a promise until the signal aborts. Never rejects, whatever becomes of the promise. */
export async function waitUntilAborted(promise: Promise<unknown>, signal: AbortSignal | undefined): Promise<void> {
  await raceSignal(promise, signal).catch(() => undefined)
}
