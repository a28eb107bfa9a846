import { randomBytes } from 'node:crypto'
import type { Nexus } from '../../src/types.ts'

export const APP = 'etest'
export const CHANNEL = 'soak'

const TICK_MS = 100
const CALLS_A_TICK = 5
/** Of so many ticks the first has a large body and a find. */
const LARGE_EVERY = 10
const LARGE_BYTES = 256 * 1024
/** What is on its way when the machine can't keep up: then a tick does nothing. */
const MOST_RUNNING = 500

/** Calls, directs, channel messages and finds of one block, each tick some. */
export class Load {
  readonly #nexus: Nexus
  readonly #count: (what: string) => void
  readonly #large = randomBytes(LARGE_BYTES)
  #running = 0
  #ticks = 0

  constructor(nexus: Nexus, count: (what: string) => void) {
    this.#nexus = nexus
    this.#count = count
  }

  /** Runs as long as the process. */
  start(): void {
    setInterval(() => this.#tick(), TICK_MS)
  }

  #tick(): void {
    if (this.#running > MOST_RUNNING) {
      this.#count('ticks left out')
      return
    }
    const tick = this.#ticks++

    for (let index = 0; index < CALLS_A_TICK; index++) {
      this.#do('call', () => this.#nexus.api({ app: APP, cmd: 'echo', body: { tick, index } }))
    }
    this.#do('direct', () => this.#nexus.direct({ app: APP, body: { tick } }))
    this.#do('message', () => this.#nexus.publish(CHANNEL, { tick }))

    if (tick % LARGE_EVERY === 0) {
      this.#do('large call', () => this.#nexus.api({ app: APP, cmd: 'echo', body: this.#large }))
      this.#do('find', () => this.#nexus.find({ app: APP }))
    }
  }

  #do(what: string, run: () => Promise<unknown>): void {
    this.#running++
    run()
      .then(
        () => this.#count(`${what}: done`),
        // A worker that goes may take a call with it.
        (error: { code?: string }) => this.#count(`${what}: ${error.code ?? error}`)
      )
      .finally(() => this.#running--)
  }
}
