import type { Identity, PeerPath } from '../../../../types.ts'

export type Path = PeerPath['path']

/** What a block tells of itself on the channel `mesh.view`. */
export interface View {
  peers: Array<{ peerId: string; path: Path }>
}

/** A connection between two blocks; `from` is the smaller peer id. */
export interface Edge {
  from: string
  to: string
  path: Path
}

/** A block that has said nothing for so long is taken for gone, in ms. */
const GONE_MS = 8_000
/** Best last: of several paths between two blocks the best is shown. */
const PATHS: readonly Path[] = ['relay', 'direct', 'webrtc']

interface Member {
  identity: Identity
  view: View
  heardAt: number
}

/** What is known of the mesh: what this block sees itself, and what others tell of theirs. */
export class MeshModel {
  readonly #members = new Map<string, Member>()

  /** Takes up a block's own word. */
  hear(identity: Identity, view: View, now: number): void {
    this.#members.set(identity.peerId, { identity, view, heardAt: now })
  }

  /** Takes up a peer that says nothing itself, like a relay. */
  see(identity: Identity, now: number): void {
    const known = this.#members.get(identity.peerId)
    this.#members.set(identity.peerId, { identity, view: known?.view ?? { peers: [] }, heardAt: now })
  }

  /** The blocks that are there, relays first, then by who they are. */
  blocks(now: number): Identity[] {
    for (const [peerId, { heardAt }] of this.#members) {
      if (now - heardAt > GONE_MS) {
        this.#members.delete(peerId)
      }
    }

    return [...this.#members.values()]
      .map(({ identity }) => identity)
      .sort((a, b) => orderOf(a).localeCompare(orderOf(b)))
  }

  /** The connections between those, one for each pair. */
  edges(): Edge[] {
    const edges = new Map<string, Edge>()

    for (const [peerId, { view }] of this.#members) {
      for (const { peerId: other, path } of view.peers) {
        const [from, to] = peerId < other ? [peerId, other] : [other, peerId]
        const known = edges.get(`${from} ${to}`)

        if (this.#members.has(other) && PATHS.indexOf(path) > PATHS.indexOf(known?.path as Path)) {
          edges.set(`${from} ${to}`, { from, to, path })
        }
      }
    }

    return [...edges.values()]
  }
}

function orderOf({ block, app, uid, resource, peerId }: Identity): string {
  const rank = { relay: 0, worker: 1, device: 2, adminpanel: 3, xwebsite: 4 }[block]
  return [rank, app, uid, resource, peerId].join(' ')
}
