import type { Identity } from './identity.ts'
import type { CallOptions } from './target.ts'

/** One path to a verified peer. */
export interface PeerPath {
  peer: Identity
  /** The multiaddr of the connection. */
  address: string
  direction: 'inbound' | 'outbound'
  /** `relay`: through one, which cannot read it. */
  path: 'direct' | 'relay' | 'webrtc'
  /** How long the last question on it and its answer took, in ms. Each path is asked about every 10 s; absent before. */
  roundTripMs?: number
  /** Other addresses of the peer that were dialled lately and failed, 16 at most, the newest last. */
  tried: TriedAddress[]
}

/** An address that was dialled in vain. */
export interface TriedAddress {
  /** As a multiaddr. */
  address: string
  /** Why, in one line for people. */
  reason: string
}

/** A server that helps WebRTC to a direct path, as `RTCPeerConnection` takes it. */
export interface IceServer {
  /** Like `stun:stun.example.org:3478` or `turn:turn.example.org`: one, or several of the same account. */
  urls: string | string[]
  /** With TURN. */
  username?: string
  /** With TURN: the password. */
  credential?: string
}

/** What a block knows of those that it is connected to. */
export interface NexusPeers {
  /** The open connections to verified peers, one entry each: a peer with two paths is in it twice. */
  readonly peers: PeerPath[]

  /**
   * Whether a member lives, by its peer id, and how long a question and its answer take, in ms. Any member answers,
   * relays included, without a grant, and whatever its command `ping` is. Resolves with 0 for this very block.
   *
   * Rejects with
   * - `UNREACHABLE`, `LOST`: it was not reached, or the connection ended meanwhile
   * - `TIMEOUT`: no answer within `timeoutMs`, here 5,000 by default
   * - `BUSY`: it answers as many questions of this block, or of its user, as it does at a time
   * - `INVALID`: no peer id, or a bad option
   * - `CANCELLED`: `signal` aborted
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * for (const { jid, peerId } of await nexus.find({ app: 'etest' })) {
   *   console.log(jid, await nexus.ping(peerId))
   * }
   * ```
   */
  ping: (peerId: string, options?: CallOptions) => Promise<number>

  /**
   * Brings a revocation list into the running mesh: this block goes by it at once, and it goes on from peer to peer. What
   * it voids is cut off, here and wherever it comes. Resolves with `false` when this block has that list, or a newer one.
   * A block that an authority service enrolled is brought each new list by itself.
   *
   * Rejects with
   * - `REFUSED`: no revocation list of this network; `reason` says why
   * - `STOPPED`: this block was stopped
   *
   * @example
   * ```ts
   * const list = await authority.revoke('uid:mallory')
   * await nexus.revoke(list)
   * ```
   */
  revoke: (list: string) => Promise<boolean>
}
