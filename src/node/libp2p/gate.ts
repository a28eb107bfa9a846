import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import type {
  Connection,
  ConnectionEncrypter,
  ConnectionGater,
  Logger,
  MessageStream,
  MultiaddrConnection,
  PeerId,
  SecureConnectionOptions,
  SecuredConnection
} from '@libp2p/interface'
import { MAX_CONNECTIONS_PER_PEER } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { now } from '../../lib/now.ts'
import { toError } from '../../lib/to-error.ts'
import { type HandshakeInit, type LimitVerdict, shakeHands } from '../../protocols/peers/handshake.ts'
import type { KeyHolders } from '../../protocols/peers/key-holders.ts'
import { UserLimits } from '../../protocols/peers/user-limits.ts'
import type { VerifiedPeers } from '../../protocols/peers/verified-peers.ts'
import { isWebRtc, peerIdIn } from './addresses.ts'
import { PendingConnections } from './pending-connections.ts'
import { TlsConnection } from './tls/tls-connection.ts'
import { UserConnections } from './user-connections.ts'

/** Refusals kept for those who ask why a dial failed. */
const MAX_REFUSALS = 1_000
/** How long a peer that was cut off is kept out, and how many are. */
const KEPT_OUT_MS = 60_000
const MAX_KEPT_OUT = 10_000

export interface GateInit {
  verifier: CertificateVerifier
  verified: VerifiedPeers
  /** The certificate that this block shows now, and what it says of itself. */
  proof: () => Pick<
    HandshakeInit,
    'certificate' | 'revocationVersion' | 'asksAboutTopics' | 'knowsLeaseHold' | 'instance'
  >
  /** Which start of a block each key belongs to. Default: nobody asks. */
  holders?: KeyHolders
  /** Incoming connections of one host that have proven nothing yet. Default `MAX_PENDING_PER_HOST`. */
  maxPendingPerHost?: number
  /** The open connections to a peer: there may be `MAX_CONNECTIONS_PER_PEER`. Default none. */
  connectionsTo?: (peerId: PeerId) => Connection[]
  /** Circuits that one peer may have open through this one. Default without end. */
  maxCircuitsPerPeer?: number
  /** What each user may have. Default: those of everybody. */
  users?: UserLimits
  /** Open connections of all peers together, of which a user has its share. Default without end. */
  maxConnections?: number
  /** Told of every peer that was refused, or that refused this block, by a limit too. Trouble of the network is neither. */
  onRefused?: (peerId: string, error: NexusError, address: string) => void
  log: Logger
}

/**
 * No protocol handler runs for a peer whose certificate was not verified: connection encrypters are wrapped so that
 * certificates are exchanged before the muxer starts, and the connection gater lets verified peers alone pass, which
 * covers the transports that bring their own encryption (WebRTC, WebRTC-Direct).
 */
export class Gate {
  readonly #init: GateInit
  readonly #pending: PendingConnections
  readonly #users: UserLimits
  readonly #ofUsers: UserConnections
  readonly #keptOut = new LruCache<string, true>({ max: MAX_KEPT_OUT, ttl: KEPT_OUT_MS })
  readonly #upgrading = new Set<string>()
  readonly #refusals = new LruCache<string, { error: NexusError; at: number }>({ max: MAX_REFUSALS })

  #cutOff = 0

  constructor(init: GateInit) {
    this.#init = init
    this.#pending = new PendingConnections(init.maxPendingPerHost)
    this.#users = init.users ?? new UserLimits()
    this.#ofUsers = new UserConnections(this.#users, init.maxConnections)
  }

  /** A factory of the same encrypter with the exchange of certificates behind it, under a protocol id of its own. */
  wrap<C>(factory: (components: C) => ConnectionEncrypter, protocol: string): (components: C) => ConnectionEncrypter {
    return (components) => {
      const inner = factory(components)

      return {
        protocol,
        secureInbound: async (connection, options) =>
          this.#secure(await inner.secureInbound(connection, options), connection, 'inbound', options),
        secureOutbound: async (connection, options) =>
          this.#secure(await inner.secureOutbound(connection, options), connection, 'outbound', options)
      }
    }
  }

  /** The connection gater that goes with the wrapped encrypters. */
  get gater(): ConnectionGater {
    const isUnverified = (peerId: PeerId): boolean => !this.#init.verified.has(peerId.toString())

    return {
      denyInboundConnection: (connection) => !this.#pending.admit(connection),
      denyInboundUpgradedConnection: (peerId, connection) => {
        this.#pending.release(connection)
        return (
          isUnverified(peerId) ||
          this.#connectionsTo(peerId).length >= MAX_CONNECTIONS_PER_PEER ||
          // WebRTC connections come to this alone; others were admitted when the verdict was given.
          this.#limitOf(this.#users.userOf(peerId.toString()), peerId, connection) !== undefined
        )
      },
      denyOutboundUpgradedConnection: isUnverified,
      denyInboundRelayReservation: isUnverified,
      denyOutboundRelayedConnection: (source, destination) =>
        isUnverified(source) || isUnverified(destination) || this.#hasTooManyCircuits(source),
      // The library's default denies private addresses in browsers, where a mesh on a LAN or loopback is wanted too.
      denyDialMultiaddr: (address) => isWebRtc(address) && !this.#upgrading.has(peerIdIn(address) ?? '')
    }
  }

  /** Lets WebRTC addresses of a peer be dialled until `endUpgrade`: else no dial tries them, whoever asks for it. */
  allowUpgrade(peerId: string): void {
    this.#upgrading.add(peerId)
  }

  endUpgrade(peerId: string): void {
    this.#upgrading.delete(peerId)
  }

  /**
   * Why a dial of this peer id, or of this address, was refused at `since` (see `now`) or later, if it was; asking
   * forgets it. An older refusal tells nothing of a dial that began later.
   */
  takeRefusal(target: string, since = 0): NexusError | undefined {
    const refusal = this.#refusals.get(target)
    this.#refusals.delete(target)
    return refusal !== undefined && refusal.at >= since ? refusal.error : undefined
  }

  #keepRefusal(error: NexusError, ...targets: string[]): void {
    for (const target of targets) {
      this.#refusals.set(target, { error, at: now() })
    }
  }

  /** How often a peer was cut off. */
  get cutOff(): number {
    return this.#cutOff
  }

  /** Lets a peer that was cut off in again after a minute only. */
  keepOut(peerId: string): void {
    this.#cutOff++
    this.#keptOut.set(peerId, true)
  }

  #limitOf(user: string, peerId: PeerId, connection: MultiaddrConnection | MessageStream): LimitVerdict | undefined {
    if (this.#keptOut.has(peerId.toString())) {
      return 'CUT_OFF'
    }
    return this.#ofUsers.admit(user, peerId, connection) ? undefined : 'USER_LIMIT'
  }

  #connectionsTo(peerId: PeerId): Connection[] {
    return this.#init.connectionsTo?.(peerId) ?? []
  }

  // The library limits the streams of each connection alone. The one that asks for the circuit is among them.
  #hasTooManyCircuits(source: PeerId): boolean {
    const { maxCircuitsPerPeer } = this.#init

    if (maxCircuitsPerPeer === undefined) {
      return false
    }

    const user = this.#users.userOf(source.toString())
    return (
      this.#circuitsOf([source]) > maxCircuitsPerPeer ||
      this.#circuitsOf(this.#ofUsers.peersOf(user)) > this.#users.most(user, 'circuits', maxCircuitsPerPeer)
    )
  }

  #circuitsOf(peers: PeerId[]): number {
    const streams = peers.flatMap((peer) => this.#connectionsTo(peer)).flatMap((connection) => connection.streams)
    return streams.filter(({ protocol }) => protocol === RELAY_V2_HOP_CODEC).length
  }

  async #secure(
    secured: SecuredConnection,
    raw: MessageStream,
    direction: 'inbound' | 'outbound',
    options?: SecureConnectionOptions
  ): Promise<SecuredConnection> {
    const peerId = secured.remotePeer.toString()
    const { verifier, verified, proof, holders, log } = this.#init

    try {
      const { certificate, ...terms } = await shakeHands(secured.connection, {
        ...proof(),
        clock: () => verifier.clock(),
        verify: (token) => verifier.verify(token, peerId),
        holderOf: async (certificate, instance) => holders?.claim(certificate.peerId, instance),
        refuse: ({ uid }) => (direction === 'inbound' ? this.#limitOf(uid, secured.remotePeer, raw) : undefined),
        signal: options?.signal
      })
      verified.add(certificate, terms)
      this.#pending.release(raw)
      this.#refusals.delete(peerId)
      joinChunks(secured.connection)
      return secured
    } catch (error) {
      if (error instanceof NexusError && (error.code === 'REFUSED' || error.code === 'BUSY')) {
        if (direction === 'outbound') {
          this.#keepRefusal(error, peerId, addressOf(raw))
        }
        this.#init.onRefused?.(peerId, error, addressOf(raw))
      }
      log('no connection with %s: %e', peerId, error)
      raw.abort(toError(error))
      throw error
    }
  }
}

// A muxer sends the header and the data of a frame as two chunks, and an encrypter makes a record and a write of each;
// but for ours, which copies nothing for that.
function joinChunks(connection: MessageStream): void {
  if (connection instanceof TlsConnection) {
    return
  }
  const send = connection.send.bind(connection)
  connection.send = (data) => send(data instanceof Uint8Array ? data : data.subarray())
}

// What the encrypter is given is the raw connection, which knows its address; the type does not say so.
function addressOf(raw: MessageStream & { remoteAddr?: { toString: () => string } }): string {
  return raw.remoteAddr?.toString() ?? ''
}
