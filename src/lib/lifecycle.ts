import { stopped } from '../errors.ts'

/** A part of something that runs. It may be stopped without having been started, and while it starts. */
export interface Part {
  /** Resolves when it runs. */
  start?: () => void | Promise<void>
  /** Resolves when it has stopped. `grace` aborts when it may no longer wait for what is under way. */
  stop?: (grace: AbortSignal) => void | Promise<void>
}

/** Starts parts in their order, and stops them in the opposite order. */
export class Lifecycle {
  readonly #parts: readonly Part[]
  readonly #defaultGraceMs: number
  #stopping: Promise<void> | undefined

  constructor(parts: readonly Part[], defaultGraceMs: number) {
    this.#parts = parts
    this.#defaultGraceMs = defaultGraceMs
  }

  /** Whether `stop` was called. */
  get isStopping(): boolean {
    return this.#stopping !== undefined
  }

  /**
   * Resolves when all parts run. Rejects with the failure of the first part that did not start, and with `STOPPED` when
   * it was stopped meanwhile; no further part is started then. What has started is left to `stop`.
   */
  async start(): Promise<void> {
    for (const part of this.#parts) {
      this.checkRunning()
      await part.start?.()
    }

    this.checkRunning()
  }

  /** Throws `STOPPED` after `stop` was called. */
  checkRunning(): void {
    if (this.isStopping) {
      throw stopped()
    }
  }

  /**
   * Stops every part, also when one of them fails, and those that were not started: they may hold something since they
   * were made. Then rejects with the first failure. Safe to call twice.
   *
   * @param graceMs - how long the parts, all together, may wait for what is under way
   */
  stop(graceMs: number = this.#defaultGraceMs): Promise<void> {
    this.#stopping ??= this.#stopAll(AbortSignal.timeout(graceMs))
    return this.#stopping
  }

  async #stopAll(grace: AbortSignal): Promise<void> {
    const failures: unknown[] = []

    for (const part of this.#parts.toReversed()) {
      try {
        await part.stop?.(grace)
      } catch (error) {
        failures.push(error)
      }
    }

    if (failures.length > 0) {
      throw failures[0]
    }
  }
}
