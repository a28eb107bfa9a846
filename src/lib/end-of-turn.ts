/**
 * Runs a function when this turn of the event loop has done its work: with `setImmediate` where there is one (Node),
 * else when the microtasks that are queued now have run.
 */
export const atEndOfTurn: (run: () => void) => void =
  typeof globalThis.setImmediate === 'function' ? (run) => globalThis.setImmediate(run) : (run) => queueMicrotask(run)
