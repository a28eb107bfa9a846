/** A body that arrives in parts. */
export class Assembly {
  readonly bytes: Uint8Array
  #filled = 0

  constructor(size: number) {
    this.bytes = new Uint8Array(size)
  }

  /** Whether every byte has arrived. */
  get complete(): boolean {
    return this.#filled === this.bytes.byteLength
  }

  /** Takes the next part. `false`: it exceeds the size that was declared. */
  add(part: Uint8Array): boolean {
    if (part.byteLength > this.bytes.byteLength - this.#filled) {
      return false
    }

    this.bytes.set(part, this.#filled)
    this.#filled += part.byteLength
    return true
  }
}

/** The memory for the bodies of one peer that arrive in parts. */
export class AssemblyRoom {
  #free: number

  constructor(maxBytes: number) {
    this.#free = maxBytes
  }

  /** Bytes that may still be declared. */
  get free(): number {
    return this.#free
  }

  /** Begins a body with its first part. `undefined`: there is no room for it now. */
  open(size: number, first: Uint8Array): Assembly | undefined {
    if (size > this.#free) {
      return undefined
    }

    const assembly = new Assembly(size)
    this.#free -= size
    assembly.add(first)
    return assembly
  }

  /** Gives back the room of a body that is complete or given up. */
  release(assembly: Assembly | undefined): undefined {
    this.#free += assembly?.bytes.byteLength ?? 0
  }
}

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
    const load = this.#loads.get(peerId) ?? new PeerLoad(this.#init.maxAssemblyBytes, () => this.forgetIdle(peerId))
    this.#loads.set(peerId, load)
    return load
  }

  /** Forgets a peer that is gone, and whose calls have all ended. */
  forgetIdle(peerId: string): void {
    if (this.#loads.get(peerId)?.calls === 0 && !this.#init.hasSession(peerId)) {
      this.#loads.delete(peerId)
    }
  }
}
