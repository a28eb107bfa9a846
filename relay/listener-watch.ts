import type { Libp2pEvents, Listener, TypedEventTarget } from '@libp2p/interface'

/** Notices listeners that have closed by themselves. */
export class ListenerWatch {
  readonly #addresses = new Map<Listener, string[]>()
  readonly #failed = new Set<string>()

  constructor(events: TypedEventTarget<Libp2pEvents>) {
    events.addEventListener('transport:listening', ({ detail }) => {
      const addresses = detail.getAddrs().map(String)
      this.#addresses.set(detail, addresses)

      for (const address of addresses) {
        this.#failed.delete(address)
      }
    })
    events.addEventListener('transport:close', ({ detail }) => {
      for (const address of this.#addresses.get(detail) ?? []) {
        this.#failed.add(address)
      }
      this.#addresses.delete(detail)
    })
  }

  /** Where it listened, and does no longer. */
  get failed(): string[] {
    return [...this.#failed]
  }
}
