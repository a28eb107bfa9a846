import type { Connection, PeerId, Stream } from '@libp2p/interface'

/** What a stream holds that is not read: all that may be on its way then. */
const PAUSED_BUFFER_BYTES = 16 * 1024 * 1024
/** Of more neighbours of one user it is read on, and dropped what is over their room. */
const MAX_PAUSED_OF_USER = 2

interface Paused {
  user: string
  streams: Stream[]
}

/** Neighbours whose gossip is not read now, as too much of theirs waits already. */
export class PausedNeighbours {
  readonly #connections: (peerId: PeerId) => Connection[]
  readonly #paused = new Map<string, Paused>()

  /** @param connections - the open connections to a peer */
  constructor(connections: (peerId: PeerId) => Connection[]) {
    this.#connections = connections
  }

  has(peerId: string): boolean {
    return this.#paused.has(peerId)
  }

  /** Reads no more from a neighbour, unless others of its user are not read already. */
  pause(neighbour: PeerId, user: string): void {
    const peerId = neighbour.toString()
    const others = [...this.#paused].filter(([other, paused]) => other !== peerId && paused.user === user)

    if (others.length >= MAX_PAUSED_OF_USER) {
      return
    }

    const streams = this.#connections(neighbour)
      .flatMap((connection) => connection.streams.filter(isGossip))
      .filter(({ readStatus }) => readStatus === 'readable')
    const paused = this.#paused.get(peerId) ?? { user, streams: [] }
    paused.streams.push(...streams)
    this.#paused.set(peerId, paused)

    for (const stream of streams) {
      stream.maxReadBufferLength = PAUSED_BUFFER_BYTES
      stream.pause()
    }
  }

  resume(peerId: string): void {
    const streams = this.#paused.get(peerId)?.streams ?? []
    this.#paused.delete(peerId)

    for (const stream of streams) {
      if (stream.readStatus === 'paused') {
        stream.resume()
      }
    }
  }

  resumeAll(): void {
    for (const peerId of this.#paused.keys()) {
      this.resume(peerId)
    }
  }
}

function isGossip({ protocol, direction }: Stream): boolean {
  return direction === 'inbound' && protocol.startsWith('/meshsub/')
}
