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

/** What came from a block. */
export type Heard = 'view' | 'news' | 'call'

/** A block as the page shows it. */
export interface Shown {
  identity: Identity
  /** Its user, and what tells it from others that are called the same. */
  name: string
  /** Nothing has come from it for a while: it may be gone. */
  isStale: boolean
  /** Only messages of it are known, and no connection. */
  isHearsay: boolean
}

/** What is known of one block. */
export interface Member {
  identity: Identity
  view: View | undefined
  /** This page is, or was, connected to it. */
  isPeer: boolean
  heardAt: number
  counts: Record<Heard, number>
}

/** A block that has said nothing for so long is greyed, in ms: each tells of itself every 2 s. */
const STALE_MS = 5_000
/** And for so long, taken for gone. */
const GONE_MS = 12_000
/** Best last: of several paths between two blocks the best is shown. */
const PATHS: readonly Path[] = ['relay', 'direct', 'webrtc']

/** What is known of the mesh: what this block sees itself, and what others tell of theirs. */
export class MeshModel {
  readonly #members = new Map<string, Member>()

  get(peerId: string): Member | undefined {
    return this.#members.get(peerId)
  }

  /** Takes up a block's own word. */
  hear(identity: Identity, view: View, now: number): void {
    this.#note(identity, now, 'view').view = view
  }

  /** Takes up a peer that this page is connected to: it may say nothing itself, like a relay. */
  see(identity: Identity, now: number): void {
    this.#note(identity, now).isPeer = true
  }

  /** Takes up the sender of a message. */
  message(identity: Identity, kind: Heard, now: number): void {
    this.#note(identity, now, kind)
  }

  /** What to call a block, by its peer id. */
  nameOf(peerId: string): string {
    const identity = this.#members.get(peerId)?.identity
    return identity === undefined ? `a block …${peerId.slice(-4)}` : this.#name(identity)
  }

  /** The blocks that are there, relays first, then by who they are. */
  blocks(now: number): Shown[] {
    for (const [peerId, { heardAt }] of this.#members) {
      if (now - heardAt > GONE_MS) {
        this.#members.delete(peerId)
      }
    }

    return [...this.#members.values()]
      .sort((a, b) => orderOf(a.identity).localeCompare(orderOf(b.identity)))
      .map(({ identity, view, isPeer, heardAt }) => ({
        identity,
        name: this.#name(identity),
        isStale: now - heardAt > STALE_MS,
        isHearsay: view === undefined && !isPeer
      }))
  }

  /** The connections between those, one for each pair. */
  edges(): Edge[] {
    const edges = new Map<string, Edge>()

    for (const [peerId, { view }] of this.#members) {
      for (const { peerId: other, path } of view?.peers ?? []) {
        const [from, to] = peerId < other ? [peerId, other] : [other, peerId]
        const known = edges.get(`${from} ${to}`)

        if (this.#members.has(other) && PATHS.indexOf(path) > PATHS.indexOf(known?.path as Path)) {
          edges.set(`${from} ${to}`, { from, to, path })
        }
      }
    }

    return [...edges.values()]
  }

  #note(identity: Identity, now: number, kind?: Heard): Member {
    const { peerId } = identity
    const counts = { view: 0, news: 0, call: 0 }
    const known = this.#members.get(peerId) ?? { identity, view: undefined, isPeer: false, heardAt: now, counts }
    this.#members.set(peerId, known)
    known.heardAt = now

    if (kind !== undefined) {
      known.counts[kind]++
    }

    return known
  }

  // Tabs of one user differ in their key alone, workers of one user in their resource.
  #name({ jid, uid, resource, peerId }: Identity): string {
    const others = [...this.#members.values()].filter(
      ({ identity }) => identity.uid === uid && identity.peerId !== peerId
    )

    if (others.some(({ identity }) => identity.jid === jid)) {
      return `${uid} ${peerId.slice(-4)}`
    }

    return others.some(({ identity }) => identity.block === 'worker') ? `${uid}/${resource}` : uid
  }
}

function orderOf({ block, app, uid, resource, peerId }: Identity): string {
  const rank = { relay: 0, worker: 1, device: 2, adminpanel: 3, xwebsite: 4 }[block]
  return [rank, app, uid, resource, peerId].join(' ')
}
