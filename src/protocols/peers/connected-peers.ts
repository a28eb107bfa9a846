import type { BlockKind } from '../../types.ts'

export interface ConnectedPeer {
  peerId: string
  block: BlockKind
}

/** The verified peers with an open connection, as topics go by them. */
export class ConnectedPeers {
  readonly #list: () => ConnectedPeer[]
  #relays = new Map<string, boolean>()

  constructor(list: () => ConnectedPeer[]) {
    this.#list = list
  }

  /** Relays first. */
  all(): ConnectedPeer[] {
    const peers = this.#list()
    return [...peers.filter(isRelay), ...peers.filter((peer) => !isRelay(peer))]
  }

  relays(): string[] {
    return this.#list().flatMap((peer) => (isRelay(peer) ? [peer.peerId] : []))
  }

  /** Whether a connected peer is a relay. The list is gone through once for each newcomer, not for each question. */
  isRelay(peerId: string): boolean {
    if (!this.#relays.has(peerId)) {
      this.#relays = new Map(this.#list().map((peer) => [peer.peerId, isRelay(peer)]))
    }
    return this.#relays.get(peerId) === true
  }
}

export function isRelay({ block }: Pick<ConnectedPeer, 'block'>): boolean {
  return block === 'relay'
}
