/**
 * What a user may have, all of its blocks together, as a multiple of what one of them may have: enough for some tens of
 * blocks. Keys are free for a member, so what is limited for a key alone is not limited at all.
 */
const MULTIPLES = {
  /** Of `MAX_CONNECTIONS_PER_PEER`. */
  connections: 64,
  /** A block has one at a relay. */
  reservations: 256,
  circuits: 4,
  topics: 5,
  /** Calls in work on sessions. */
  calls: 2,
  /** Bytes of bodies on sessions. */
  bytes: 2,
  /** Blocks that come back to a relay ask about all of their topics at once. */
  systemCalls: 32,
  /** Provider records at a DHT server. */
  records: 16
} as const

/** However much a user may have otherwise, others find the rest of what there is. */
const SHARE = 1 / 4

export type LimitedThing = keyof typeof MULTIPLES

export interface UserLimitsInit {
  /** The user that a verified peer belongs to. Default: none is known. */
  uidOf?: (peerId: string) => string | undefined
  /** How many times as much as others a user may have, by `uid`. Default 1 for all. */
  factors?: Readonly<Record<string, number>>
}

/** Who stands behind a key, and what that user may have here. */
export class UserLimits {
  readonly #uidOf: (peerId: string) => string | undefined
  readonly #factors: ReadonlyMap<string, number>

  constructor({ uidOf = () => undefined, factors = {} }: UserLimitsInit = {}) {
    this.#uidOf = uidOf
    this.#factors = new Map(Object.entries(factors))
  }

  /** The user of a peer. One that is not verified, or not any more, is a user alone. */
  userOf(peerId: string): string {
    return this.#uidOf(peerId) ?? `peer:${peerId}`
  }

  /** How many times as much as others a user may have. */
  factorOf(user: string): number {
    return this.#factors.get(user) ?? 1
  }

  /**
   * What a user may have.
   *
   * @param perPeer - what one block of a user may have
   * @param total - what there is for all users together. Default: no end
   */
  most(user: string, thing: LimitedThing, perPeer: number, total: number = Number.POSITIVE_INFINITY): number {
    const most = Math.floor(Math.min(perPeer * MULTIPLES[thing], total * SHARE) * this.factorOf(user))
    return Math.min(Math.max(most, 1), total)
  }
}
