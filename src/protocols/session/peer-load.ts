import { unfilledBytes } from '../../lib/unfilled-bytes.ts'
import type { Identity } from '../../types.ts'
import type { UserLimits } from '../peers/user-limits.ts'
import type { Frame } from './frame.ts'

/** A body that arrives in parts. */
export class Assembly {
  /** Nobody else has this memory. What has not arrived is not cleared. */
  readonly bytes: Uint8Array
  #filled = 0

  constructor(size: number, first?: Frame['body']) {
    this.bytes = unfilledBytes(size)

    if (first !== undefined) {
      this.add(first)
    }
  }

  /** Whether every byte has arrived. */
  get complete(): boolean {
    return this.#filled === this.bytes.byteLength
  }

  /** Takes the next part. `false`: it exceeds the size that was declared. */
  add(part: Frame['body']): boolean {
    if (part.byteLength > this.bytes.byteLength - this.#filled) {
      return false
    }

    for (const piece of part instanceof Uint8Array ? [part] : part) {
      this.bytes.set(piece, this.#filled)
      this.#filled += piece.byteLength
    }
    return true
  }
}

/**
 * The memory for what one peer makes this block keep: its calls with their bodies, answers that arrive in parts, frames
 * that are not whole. It is a part of its user's, and that is a part of all there is.
 */
export class AssemblyRoom {
  readonly #whole: AssemblyRoom | undefined
  #free: number

  /** `whole`: the room that this one is a part of. */
  constructor(maxBytes: number, whole?: AssemblyRoom) {
    this.#free = maxBytes
    this.#whole = whole
  }

  /** Bytes that may still be taken. */
  get free(): number {
    return Math.min(this.#free, this.#whole?.free ?? this.#free)
  }

  /** Takes bytes, also when there is no room for them. */
  take(bytes: number): void {
    this.#free -= bytes
    this.#whole?.take(bytes)
  }

  give(bytes: number): void {
    this.take(-bytes)
  }

  /** Begins a body with its first part. `undefined`: there is no room for it now. */
  open(size: number, first: Frame['body']): Assembly | undefined {
    if (size > this.free) {
      return undefined
    }

    this.take(size)
    return new Assembly(size, first)
  }

  /** Gives back the room of a body that is complete or given up. */
  release(assembly: Assembly | undefined): undefined {
    this.give(assembly?.bytes.byteLength ?? 0)
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

  constructor(uid: string, maxCalls: number, room: AssemblyRoom) {
    this.uid = uid
    this.maxCalls = maxCalls
    this.room = room
  }
}

/**
 * What one peer makes this block hold, on all of its sessions together: calls in work and what they take. A peer
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

/** The room of all peers together, as a multiple of one peer's. */
const ALL = 8

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
  readonly #all: AssemblyRoom

  constructor(init: PeerLoadsInit) {
    this.#init = init
    this.#all = new AssemblyRoom(ALL * init.maxAssemblyBytes)
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
    const known = this.#users.get(uid)

    if (known !== undefined) {
      return known
    }

    const room = new AssemblyRoom(users.most(uid, 'bytes', maxAssemblyBytes, ALL * maxAssemblyBytes), this.#all)
    const user = new UserLoad(uid, users.most(uid, 'calls', maxInFlight), room)
    this.#users.set(uid, user)
    return user
  }
}
