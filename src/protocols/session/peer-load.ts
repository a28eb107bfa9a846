import type { Identity } from '../../types.ts'
import type { UserLimits } from '../peers/user-limits.ts'

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

/** The memory for the bodies of one peer that arrive in parts. It is a part of its user's. */
export class AssemblyRoom {
  readonly #user: AssemblyRoom | undefined
  #free: number

  constructor(maxBytes: number, user?: AssemblyRoom) {
    this.#free = maxBytes
    this.#user = user
  }

  /** Bytes that may still be declared. */
  get free(): number {
    return Math.min(this.#free, this.#user?.free ?? this.#free)
  }

  /** Begins a body with its first part. `undefined`: there is no room for it now. */
  open(size: number, first: Uint8Array): Assembly | undefined {
    if (size > this.free) {
      return undefined
    }

    const assembly = new Assembly(size)
    this.#add(-size)
    assembly.add(first)
    return assembly
  }

  /** Gives back the room of a body that is complete or given up. */
  release(assembly: Assembly | undefined): undefined {
    this.#add(assembly?.bytes.byteLength ?? 0)
  }

  #add(bytes: number): void {
    this.#free += bytes
    if (this.#user !== undefined) {
      this.#user.#add(bytes)
    }
  }
}

/** What the blocks of one user make this block hold, all together. */
export class UserLoad {
  readonly uid: string
  readonly maxCalls: number
  readonly room: AssemblyRoom
  /** Calls that are arriving or in work. */
  calls = 0
  /** Blocks that hold something here. */
  peers = 0

  constructor(uid: string, { maxCalls, maxAssemblyBytes }: { maxCalls: number; maxAssemblyBytes: number }) {
    this.uid = uid
    this.maxCalls = maxCalls
    this.room = new AssemblyRoom(maxAssemblyBytes)
  }
}

/**
 * What one peer makes this block hold, on all of its sessions together: calls in work and the memory of bodies. A peer
 * that closes its session and opens another does not begin anew.
 */
export class PeerLoad {
  readonly room: AssemblyRoom
  /** What its user holds, this peer included. */
  readonly user: UserLoad | undefined
  readonly #onIdle: () => void
  #calls = 0

  /** `onIdle` is told each time that the last call in work has ended. */
  constructor(maxAssemblyBytes: number, onIdle: () => void = () => undefined, user?: UserLoad) {
    this.room = new AssemblyRoom(maxAssemblyBytes, user?.room)
    this.user = user
    this.#onIdle = onIdle
  }

  /** Calls that are arriving or in work, those included that were cancelled and are worked on all the same. */
  get calls(): number {
    return this.#calls
  }

  began(): void {
    this.#calls++

    if (this.user !== undefined) {
      this.user.calls++
    }
  }

  ended(): void {
    this.#calls--

    if (this.user !== undefined) {
      this.user.calls--
    }

    if (this.#calls === 0) {
      this.#onIdle()
    }
  }
}

export interface PeerLoadsInit {
  /** Of one peer. */
  maxInFlight: number
  maxAssemblyBytes: number
  users: UserLimits
  hasSession: (peerId: string) => boolean
}

/** The loads of all peers that have a session, or calls in work that an earlier session has left. */
export class PeerLoads {
  readonly #init: PeerLoadsInit
  readonly #loads = new Map<string, PeerLoad>()
  readonly #users = new Map<string, UserLoad>()

  constructor(init: PeerLoadsInit) {
    this.#init = init
  }

  of({ peerId, uid }: Pick<Identity, 'peerId' | 'uid'>): PeerLoad {
    const known = this.#loads.get(peerId)

    if (known !== undefined) {
      return known
    }

    const user = this.#userOf(uid)
    const load = new PeerLoad(this.#init.maxAssemblyBytes, () => this.forgetIdle(peerId), user)
    user.peers++
    this.#loads.set(peerId, load)
    return load
  }

  /** Forgets a peer that is gone, and whose calls have all ended. */
  forgetIdle(peerId: string): void {
    const load = this.#loads.get(peerId)

    if (load?.calls === 0 && !this.#init.hasSession(peerId)) {
      this.#loads.delete(peerId)

      if (load.user !== undefined && --load.user.peers === 0) {
        this.#users.delete(load.user.uid)
      }
    }
  }

  #userOf(uid: string): UserLoad {
    const { users, maxInFlight, maxAssemblyBytes } = this.#init
    const limits = {
      maxCalls: users.most(uid, 'calls', maxInFlight),
      maxAssemblyBytes: users.most(uid, 'bytes', maxAssemblyBytes)
    }
    const user = this.#users.get(uid) ?? new UserLoad(uid, limits)
    this.#users.set(uid, user)
    return user
  }
}
