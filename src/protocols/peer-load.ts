import { AssemblyRoom } from './assembly.ts'

/**
 * What one peer makes this block hold, on all of its sessions together: calls in work and the memory of bodies. A peer
 * that closes its session and opens another does not begin anew.
 */
export class PeerLoad {
  readonly room: AssemblyRoom
  readonly #onIdle: () => void
  #calls = 0

  /** `onIdle` is told each time that the last call in work has ended. */
  constructor(maxAssemblyBytes: number, onIdle: () => void = () => undefined) {
    this.room = new AssemblyRoom(maxAssemblyBytes)
    this.#onIdle = onIdle
  }

  /** Calls that are arriving or in work, those included that were cancelled and are worked on all the same. */
  get calls(): number {
    return this.#calls
  }

  began(): void {
    this.#calls++
  }

  ended(): void {
    this.#calls--

    if (this.#calls === 0) {
      this.#onIdle()
    }
  }
}

/** The loads of all peers that have a session, or calls in work that an earlier session has left. */
export class PeerLoads {
  readonly #init: { maxAssemblyBytes: number; hasSession: (peerId: string) => boolean }
  readonly #loads = new Map<string, PeerLoad>()

  constructor(init: { maxAssemblyBytes: number; hasSession: (peerId: string) => boolean }) {
    this.#init = init
  }

  of(peerId: string): PeerLoad {
    const load = this.#loads.get(peerId) ?? new PeerLoad(this.#init.maxAssemblyBytes, () => this.settle(peerId))
    this.#loads.set(peerId, load)
    return load
  }

  /** Forgets a peer that is gone, and whose calls have all ended. */
  settle(peerId: string): void {
    if (this.#loads.get(peerId)?.calls === 0 && !this.#init.hasSession(peerId)) {
      this.#loads.delete(peerId)
    }
  }
}
