/** How a block or a relay is stopped. */
export interface StopOptions {
  /**
   * How long it may wait, in ms and all together, for calls under way and for what was published before. 0 waits for
   * nothing. Default 3,000.
   */
  graceMs?: number
}

/** How a block ends. */
export interface NexusStop {
  /**
   * Leaves the mesh. Tells the others, lets calls under way end and what was published before leave (3 s at most for
   * all of it, or `graceMs`), and closes everything; own calls that have no answer by then end as `LOST`. Resolves when
   * all is closed. Safe to call twice: the first call counts. Rejects with `INVALID` for a bad `graceMs`.
   *
   * @example
   * ```ts
   * process.once('SIGTERM', () => nexus.stop({ graceMs: 10_000 }))
   * ```
   */
  stop: (options?: StopOptions) => Promise<void>

  /**
   * `stop`, at the end of the scope.
   *
   * @example
   * ```ts
   * import { createNexus } from 'nexus-mesh'
   *
   * await using nexus = await createNexus({ credential: 'anna.json' })
   * ```
   */
  [Symbol.asyncDispose]: () => Promise<void>
}
