import type { Libp2pEvents, Logger, PeerId, TypedEventTarget } from '@libp2p/interface'
import type { RevocationList } from '../../identity/revocation-list.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import type { Json } from '../../types.ts'
import type { VerifiedPeer, VerifiedPeers } from '../peers/verified-peers.ts'
import { readCertificateShown, readRevocations } from './command-bodies.ts'
import { RevocationExchange } from './revocation-exchange.ts'
import type { SystemCalls } from './system-calls.ts'

const PUSH_TIMEOUT_MS = 5_000

export interface IdentitySyncInit {
  verifier: CertificateVerifier
  verified: VerifiedPeers
  revocations: RevocationList
  system: SystemCalls
  /** The libp2p node: tells when a peer is connected. */
  events: TypedEventTarget<Libp2pEvents>
  isConnected: (peerId: string) => boolean
  log: Logger
}

/**
 * Hands on what changes about identities while connections stay open: newer revocation lists, from peer to peer until
 * everybody has the newest (`RevocationExchange` those that not every version reads); and this block's own renewed certificate, to the peers that it is connected to.
 */
export class IdentitySync {
  readonly #init: IdentitySyncInit
  readonly #stopWatching: () => void
  readonly #exchange: RevocationExchange

  constructor(init: IdentitySyncInit) {
    this.#init = init
    const { system, verifier, verified, revocations } = init
    this.#exchange = new RevocationExchange(init)

    system.serve('$revocations', async (body, from) => {
      await revocations.offer(readRevocations(body).list)
      const peer = verified.get(from.peerId)

      if (peer !== undefined) {
        peer.revocationVersion = Math.max(peer.revocationVersion, revocations.version)
      }

      return { version: revocations.version, held: revocations.versions }
    })

    system.serve('$certificate', async (body, from) => {
      const certificate = await verifier.verify(readCertificateShown(body).certificate, from.peerId)
      verified.add(certificate)
      return {}
    })

    verified.addEventListener('verified', this.#onVerified)
    init.events.addEventListener('peer:connect', this.#onConnect)
    init.events.addEventListener('peer:disconnect', this.#onDisconnect)
    this.#stopWatching = revocations.onChange(() => this.#pushRevocations())
  }

  stop(): void {
    this.#init.verified.removeEventListener('verified', this.#onVerified)
    this.#init.events.removeEventListener('peer:connect', this.#onConnect)
    this.#init.events.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#stopWatching()
  }

  /** Shows this block's renewed certificate to every connected peer. */
  pushCertificate(certificate: string): void {
    for (const peer of this.#connected()) {
      void this.#push(peer.identity.peerId, '$certificate', { certificate })
    }
  }

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    const peer = this.#init.verified.get(detail.toString())

    if (peer !== undefined) {
      this.#pushRevocationsTo(peer)
      this.#exchange.meet(peer.identity.peerId)
    }
  }

  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => this.#exchange.forget(detail.toString())

  readonly #onVerified = ({ detail }: CustomEvent<VerifiedPeer>): void => {
    if (this.#init.isConnected(detail.identity.peerId)) {
      this.#pushRevocationsTo(detail)
    }
  }

  #connected(): VerifiedPeer[] {
    return [...this.#init.verified.values()].filter(({ identity }) => this.#init.isConnected(identity.peerId))
  }

  #pushRevocations(): void {
    for (const peer of this.#connected()) {
      this.#pushRevocationsTo(peer)
      this.#exchange.push(peer.identity.peerId)
    }
  }

  #pushRevocationsTo(peer: VerifiedPeer): void {
    const { token, wholeVersion: version } = this.#init.revocations

    const known = peer.revocationVersion

    if (token !== undefined && known < version) {
      peer.revocationVersion = version
      void this.#push(peer.identity.peerId, '$revocations', { list: token }).then((told) => {
        if (!told && peer.revocationVersion === version) {
          peer.revocationVersion = known
        }
      })
    }
  }

  async #push(peerId: string, command: '$revocations' | '$certificate', body: Json): Promise<boolean> {
    try {
      await this.#init.system.call(peerId, command, body, { timeoutMs: PUSH_TIMEOUT_MS })
      return true
    } catch (error) {
      this.#init.log('%s was not told by %s: %e', peerId, command, error)
      return false
    }
  }
}
