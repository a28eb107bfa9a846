import type { Profiler } from 'node:inspector'
import { Session } from 'node:inspector/promises'

export type Profile = Profiler.Profile

/** Profiles this process from `start` on. */
export class Recorder {
  readonly #session = new Session()

  async start(): Promise<void> {
    this.#session.connect()
    await this.#session.post('Profiler.enable')
    await this.#session.post('Profiler.start')
  }

  async stop(): Promise<Profile> {
    const { profile } = await this.#session.post('Profiler.stop')
    this.#session.disconnect()
    return profile
  }
}
