import type { Grant } from '../../identity/grant.ts'
import { waitUntilAborted } from '../../lib/abort.ts'
import type { Identity } from '../../types.ts'
import type { Session } from './session.ts'

/** A session, the verified identity at its other end, and what either side has shown on it. */
export interface PeerSession {
  readonly session: Pick<Session, 'request' | 'direct' | 'sendGrant'>
  /** Renewed when the peer shows a newer certificate. */
  peer: Identity
  /** The grant for this block's app that the peer has shown: checked, or being checked. */
  grant: Promise<Grant> | Grant | undefined
  /** The grant for the peer's app that this block has shown. */
  grantShown: string | undefined
}

/** A session over a stream. */
export interface Entry extends PeerSession {
  readonly session: Session
  /** Whether this side opened it. */
  readonly initiator: boolean
  /** In ms that never go back. */
  readonly openedAt: number
  /** It takes no new calls: the peer goes away, or a better path has been found. */
  retired: boolean
}

/**
 * Sessions that one peer may have opened and not closed. It needs one; another while it goes over to a better path, and
 * one for when the end of an earlier one has not been noticed here.
 */
const MAX_ACCEPTED_PER_PEER = 3
/** Sessions that each of two peers opened within this time may have crossed on their way. */
const CROSSING_MS = 5_000

/** The open sessions of a block, and which of them takes new calls: one for each peer at most. */
export class SessionTable {
  readonly #self: string
  readonly #current = new Map<string, Entry>()
  readonly #byPeer = new Map<string, Entry[]>()
  #changes = 0

  /** `self` is this block's peer id. */
  constructor(self: string) {
    this.#self = self
  }

  *[Symbol.iterator](): Generator<Entry> {
    for (const entries of this.#byPeer.values()) {
      yield* entries
    }
  }

  /** Counts up whenever another session, or none, takes the new calls to a peer. */
  get changes(): number {
    return this.#changes
  }

  /** The sessions that a peer has opened beyond those that it may have, the oldest. */
  surplus(peerId: string): Entry[] {
    return this.of(peerId)
      .filter(({ initiator }) => !initiator)
      .slice(0, -MAX_ACCEPTED_PER_PEER)
  }

  /** The session that takes new calls to a peer. */
  current(peerId: string): Entry | undefined {
    return this.#current.get(peerId)
  }

  /** All open sessions with a peer, in the order in which they were opened. */
  of(peerId: string): readonly Entry[] {
    return this.#byPeer.get(peerId) ?? []
  }

  /**
   * Takes up a session. The newest takes new calls, as an older one may be dead without anybody having noticed; but
   * when both sides have just opened one to each other, they must settle on the same: that of the smaller peer id.
   */
  add(entry: Entry): void {
    const { initiator, openedAt, peer } = entry
    const known = this.#current.get(peer.peerId)
    const isCrossing = known !== undefined && known.initiator !== initiator && openedAt - known.openedAt < CROSSING_MS
    this.#byPeer.set(peer.peerId, [...this.of(peer.peerId), entry])

    if (!isCrossing || initiator === this.#self < peer.peerId) {
      this.prefer(entry)
    }
  }

  /** New calls go to this one. */
  prefer(entry: Entry): void {
    this.#changes++
    this.#current.set(entry.peer.peerId, entry)
  }

  /** It takes no new calls. While a peer goes over to another path, its newer session is there already. */
  retire(entry: Entry): void {
    const { peerId } = entry.peer
    entry.retired = true

    if (this.#current.get(peerId) === entry) {
      const next = this.of(peerId).findLast(({ retired }) => !retired)
      this.#changes++

      if (next === undefined) {
        this.#current.delete(peerId)
      } else {
        this.#current.set(peerId, next)
      }
    }
  }

  /** It is over. */
  remove(entry: Entry): void {
    const { peerId } = entry.peer
    const left = this.of(peerId).filter((other) => other !== entry)
    this.retire(entry)

    if (left.length > 0) {
      this.#byPeer.set(peerId, left)
    } else {
      this.#byPeer.delete(peerId)
    }
  }
}

interface Opening {
  session: Promise<PeerSession>
  isAwaited: () => boolean
}

/** Sessions that are being opened, one to a peer at a time, whoever asks for it. */
export class SessionOpenings {
  readonly #running = new Map<string, Opening>()

  /** The session to a peer that is being opened, or is now. `isAwaited`: whether it is for somebody who waits for it. */
  open(peerId: string, dial: () => Promise<PeerSession>, isAwaited: () => boolean): Promise<PeerSession> {
    const running = this.#running.get(peerId)

    if (running !== undefined) {
      const others = running.isAwaited
      running.isAwaited = () => others() || isAwaited()
      return running.session
    }

    const session = dial().finally(() => this.#running.delete(peerId))
    this.#running.set(peerId, { session, isAwaited })
    return session
  }

  /** Resolves when none is being opened to a peer. */
  async whenOver(peerId: string): Promise<void> {
    await this.#running.get(peerId)?.session.catch(() => undefined)
  }

  /** Resolves when those that are awaited now are open or have failed, or when the signal aborts. */
  async whenAwaitedEnd(signal: AbortSignal): Promise<void> {
    const awaited = [...this.#running.values()].filter(({ isAwaited }) => isAwaited())
    await waitUntilAborted(Promise.allSettled(awaited.map(({ session }) => session)), signal)
  }
}
