import type { NexusError } from '../../errors.ts'
import type { Identity } from '../../types.ts'

/** The workers that one request has been tried at. */
export class Tries {
  readonly #tried = new Set<string>()
  /** Those whose connection ended with the request on it, and whether they were tried once more. */
  readonly #lost = new Map<string, 'may be tried' | 'was tried'>()

  /** Not to be tried now; absent while there are none. */
  get tried(): Set<string> | undefined {
    return this.#tried.size === 0 ? undefined : this.#tried
  }

  /** No session was opened with any of these. */
  notReached(workers: readonly Identity[]): void {
    for (const { peerId } of workers) {
      this.#tried.add(peerId)
    }
  }

  failed({ peerId }: Identity, { code }: NexusError): void {
    this.#tried.add(peerId)

    if ((code === 'LOST' || code === 'UNREACHABLE') && !this.#lost.has(peerId)) {
      this.#lost.set(peerId, 'may be tried')
    }
  }

  /**
   * Nobody else is left: a path that has ended says nothing of the worker, which another one may reach. Each is tried
   * once more. Gives whether there is one.
   */
  again(): boolean {
    const lost = [...this.#lost].filter(([, state]) => state === 'may be tried')

    for (const [peerId] of lost) {
      this.#lost.set(peerId, 'was tried')
      this.#tried.delete(peerId)
    }

    return lost.length > 0
  }
}
