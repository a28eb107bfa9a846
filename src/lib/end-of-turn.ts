/**
 * Runs a function when this turn of the event loop has done its work: with `setImmediate` where there is one (Node),
 * else when the microtasks that are queued now have run.
 */
export const atEndOfTurn: (run: () => void) => void =
  typeof globalThis.setImmediate === 'function' ? (run) => globalThis.setImmediate(run) : (run) => queueMicrotask(run)

/**
 * Runs a function when what runs now is done, with all promises that settle meanwhile: before the event loop goes on to
 * other input. Like `atEndOfTurn` where there is no `process.nextTick` (pages).
 */
export const afterThisWork: (run: () => void) => void =
  typeof globalThis.process?.nextTick === 'function'
    ? (run) => queueMicrotask(() => globalThis.process.nextTick(run))
    : atEndOfTurn
