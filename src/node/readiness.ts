import type { Announcer } from '../protocols/find/announcer.ts'

/** A worker that gets no handler is announced this long after its start: `ping` is answered by every one. */
const READY_AFTER_MS = 1_000

export interface ReadinessInit {
  announcer: Pick<Announcer, 'start' | 'announce' | 'hurry' | 'stop'>
  /** How long after the start a worker waits for its first handler. Default 1,000. */
  readyAfterMs?: number
}

/**
 * When a worker is announced: with its first handler, when it says that it is ready, or a while after its start. One
 * that is found before it has its handlers would be called in vain.
 */
export class Readiness {
  readonly #announcer: ReadinessInit['announcer']
  readonly #readyAfterMs: number
  #timer: ReturnType<typeof setTimeout> | undefined
  #started = false
  #ready = false
  #announced = false
  #stopped = false

  constructor({ announcer, readyAfterMs = READY_AFTER_MS }: ReadinessInit) {
    this.#announcer = announcer
    this.#readyAfterMs = readyAfterMs
  }

  start(): void {
    this.#started = true

    if (!this.#ready) {
      this.#timer = setTimeout(() => this.ready(), this.#readyAfterMs)
    }

    this.#announceFirst()
  }

  /** The worker may be found from now on, or from its start on. */
  ready(): void {
    clearTimeout(this.#timer)
    this.#ready = true
    this.#announceFirst()
  }

  /** Says it again, to a relay that was just connected: a worker that is not ready says nothing. */
  announce(): void {
    if (this.#announced) {
      this.#announcer.announce()
    }
  }

  /** Somebody follows the app for whom no lease holds longer than 15 s. */
  hurry(): void {
    if (this.#announced) {
      this.#announcer.hurry()
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stopped = true

    // There is nothing to take back from a mesh that was told nothing.
    if (this.#announced) {
      await this.#announcer.stop()
    }
  }

  #announceFirst(): void {
    if (this.#started && this.#ready && !this.#announced && !this.#stopped) {
      this.#announced = true
      this.#announcer.start()
    }
  }
}
