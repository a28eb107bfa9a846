import { TypedEventEmitter } from 'main-event'
import { CLOCK_LEEWAY_S } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { type Certificate, identityOf } from '../../identity/certificate.ts'
import type { RevocationList } from '../../identity/revocation-list.ts'
import { WallClockTimer } from '../../lib/wall-clock-timer.ts'
import type { Clock, Identity } from '../../types.ts'
import { PeerClock } from './peer-clock.ts'

/** A peer whose certificate was checked and whose key the transport has proven. */
export interface VerifiedPeer {
  certificate: Certificate
  /** What handlers are given: the certificate's identity, without the certificate. */
  identity: Identity
  /** The version of the revocation list that it is known to hold. */
  revocationVersion: number
  /** How far its clock is off, as it said when it connected last; absent when it did not. */
  clock: PeerClock | undefined
  /** It asks about a topic before it publishes, as it said when it connected last. */
  asksAboutTopics: boolean
  /** It knows leases that say how long they hold, as it said when it connected last. */
  knowsLeaseHold: boolean
}

/** What a peer says of itself when it connects. What is absent stays as it was. */
export interface PeerTerms {
  /** The version of the revocation list that it holds. */
  revocationVersion?: number
  /** How far its clock is ahead of this side's (ms). */
  clockAheadMs?: number | undefined
  /** It asks about a topic before it publishes. */
  asksAboutTopics?: boolean
  /** It knows leases that say how long they hold. */
  knowsLeaseHold?: boolean
}

export interface VerifiedPeersInit {
  clock: Clock
  revocations: RevocationList
  /** Whether there is an open connection to this peer: such an entry is never evicted for room. */
  isConnected: (peerId: string) => boolean
  /** Default 100,000. */
  maxPeers?: number
}

export interface VerifiedPeersEvents {
  /** A peer was verified, or showed a newer certificate. */
  verified: CustomEvent<VerifiedPeer>
  /** A peer's certificate ended or was revoked: its connections must close. */
  removed: CustomEvent<{ peer: VerifiedPeer; reason: NexusError }>
}

/**
 * The peers that may run protocols with this block. A peer is in the set from the moment its certificate was checked
 * until that certificate ends or is revoked.
 */
export class VerifiedPeers extends TypedEventEmitter<VerifiedPeersEvents> {
  readonly #init: VerifiedPeersInit
  readonly #peers = new Map<string, VerifiedPeer>()
  readonly #stopWatching: () => void
  /** Set to the end of the certificate that ends first. */
  readonly #timer: WallClockTimer

  constructor(init: VerifiedPeersInit) {
    super()
    this.#init = init
    this.#timer = new WallClockTimer(init.clock, () => this.#removeInvalid())
    this.#stopWatching = init.revocations.onChange(() => this.#removeInvalid())
  }

  get size(): number {
    return this.#peers.size
  }

  /** The peer's proof, or `undefined` when it is not in the set. */
  get(peerId: string): VerifiedPeer | undefined {
    const peer = this.#peers.get(peerId)
    // After sleep, or when the clock was set, it may not have been removed yet.
    return peer === undefined || this.#hasEnded(peer.certificate) ? undefined : peer
  }

  has(peerId: string): boolean {
    return this.get(peerId) !== undefined
  }

  values(): IterableIterator<VerifiedPeer> {
    return this.#peers.values()
  }

  /**
   * Takes up a verified certificate, and what its peer says. A certificate that ends earlier than the known one of the
   * same peer changes nothing. Throws `REFUSED` when it has ended or was revoked since it was verified.
   */
  add(certificate: Certificate, terms: PeerTerms = {}): void {
    const failure = this.#failureOf(certificate)

    if (failure !== undefined) {
      throw failure
    }

    const known = this.#peers.get(certificate.peerId)
    const told = this.#told(terms, known)

    if (known !== undefined && known.certificate.expiresAt > certificate.expiresAt) {
      Object.assign(known, told)
      return
    }

    const peer = { certificate, identity: identityOf(certificate), ...told }
    this.#peers.delete(certificate.peerId)
    this.#peers.set(certificate.peerId, peer)
    this.#makeRoom()
    this.#schedule(endOf(certificate))
    this.safeDispatchEvent('verified', { detail: peer })
  }

  /** Stops the timers and forgets everybody. */
  stop(): void {
    this.#timer.stop()
    this.#stopWatching()
    this.#peers.clear()
  }

  #told(terms: PeerTerms, known?: VerifiedPeer): Omit<VerifiedPeer, 'certificate' | 'identity'> {
    const { clockAheadMs: aheadMs } = terms
    return {
      revocationVersion: terms.revocationVersion ?? known?.revocationVersion ?? 0,
      clock: aheadMs === undefined ? known?.clock : new PeerClock({ aheadMs, clock: this.#init.clock }),
      asksAboutTopics: terms.asksAboutTopics ?? known?.asksAboutTopics ?? false,
      knowsLeaseHold: terms.knowsLeaseHold ?? known?.knowsLeaseHold ?? false
    }
  }

  #makeRoom(): void {
    const maxPeers = this.#init.maxPeers ?? 100_000

    if (this.#peers.size <= maxPeers) {
      return
    }

    for (const peerId of this.#peers.keys()) {
      if (!this.#init.isConnected(peerId)) {
        this.#peers.delete(peerId)
        return
      }
    }
  }

  #schedule(at: number): void {
    if (at < this.#timer.at) {
      this.#timer.set(at)
    }
  }

  #removeInvalid(): void {
    let next = Number.POSITIVE_INFINITY

    for (const [peerId, peer] of this.#peers) {
      const reason = this.#failureOf(peer.certificate)

      if (reason === undefined) {
        next = Math.min(next, endOf(peer.certificate))
      } else {
        this.#peers.delete(peerId)
        this.safeDispatchEvent('removed', { detail: { peer, reason } })
      }
    }

    this.#timer.stop()
    this.#schedule(next)
  }

  #hasEnded(certificate: Certificate): boolean {
    return endOf(certificate) <= this.#init.clock()
  }

  #failureOf(certificate: Certificate): NexusError | undefined {
    const isRevoked = (): boolean => this.#init.revocations.isRevoked(certificate)
    const reason = this.#hasEnded(certificate) ? 'EXPIRED' : isRevoked() ? 'REVOKED' : undefined
    return (
      reason &&
      new NexusError('REFUSED', `the certificate of ${certificate.jid} is ${reason.toLowerCase()}`, { reason })
    )
  }
}

function endOf(certificate: Certificate): number {
  return certificate.expiresAt + CLOCK_LEEWAY_S * 1000
}
