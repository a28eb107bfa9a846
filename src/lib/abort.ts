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

/** What the signals of `anyOf` were made of. It holds them, so that their time-outs come. */
const sources = new WeakMap<AbortSignal, AbortSignal[]>()

/**
 * Aborts with the first of these. Like `AbortSignal.any`, whose signals Node keeps for good when another one is made of
 * them; so this makes each of single ones.
 */
export function anyOf(signals: readonly AbortSignal[]): AbortSignal {
  const single = signals.flatMap((signal) => sources.get(signal) ?? signal)
  const either = AbortSignal.any(single)
  sources.set(either, single)
  return either
}
