import { RPC } from '@libp2p/gossipsub/message'
import type { Logger } from '@libp2p/interface'
import { writer } from 'protons-runtime'
import { concat } from 'uint8arrays/concat'
import { atEndOfTurn } from '../../../lib/end-of-turn.ts'
import type { GossipsubInternals } from '../../gossipsub/gossipsub-internals.ts'

/** What leaves together for one neighbour: as much as a few of the reader's turns take, in any number of messages. */
const MAX_BATCH_BYTES = 64 * 1024

export interface MessageForwarderInit {
  router: GossipsubInternals
  log: Logger
}

/** Messages as they leave, and what they take together. */
interface Batch {
  messages: Uint8Array[]
  bytes: number
}

/**
 * Sends messages on: what gossipsub does in `forwardMessage`, which encodes each message for each neighbour and writes
 * each by itself. Here a message is encoded once, and all that were forwarded in one turn of the event loop leave for a
 * neighbour in one piece; those that are to have the same ones share its bytes.
 */
export class MessageForwarder {
  readonly #router: GossipsubInternals
  readonly #log: Logger
  readonly #batches = new Map<string, Batch>()

  constructor({ router, log }: MessageForwarderInit) {
    this.#router = router
    this.#log = log
    router.forwardMessage = (id, message, source, exclude) => this.forward(id, message, source, exclude)
  }

  /** What waits leaves at the end of the turn, if its neighbours are there still. */
  forward(id: string, message: RPC.Message, source: string, exclude?: ReadonlySet<string>): void {
    const { score, idontwants } = this.#router
    score.deliverMessage(source, id, message.topic)
    let encoded: Uint8Array | undefined

    for (const peerId of this.#router.selectPeersToForward(message.topic, source, exclude)) {
      if (idontwants.get(peerId)?.has(id) !== true) {
        encoded ??= RPC.encode({ subscriptions: [], messages: [message] })
        this.#add(peerId, encoded)
      }
    }
  }

  #add(peerId: string, message: Uint8Array): void {
    let batch = this.#batches.get(peerId)

    if (batch !== undefined && batch.bytes + message.byteLength > MAX_BATCH_BYTES) {
      this.#batches.delete(peerId)
      this.#send(peerId, prefixed(batch.messages))
      batch = undefined
    }

    if (batch === undefined) {
      if (this.#batches.size === 0) {
        atEndOfTurn(this.#flush)
      }
      batch = { messages: [], bytes: 0 }
      this.#batches.set(peerId, batch)
    }
    batch.messages.push(message)
    batch.bytes += message.byteLength
  }

  readonly #flush = (): void => {
    let last: { messages: Uint8Array[]; piece: Uint8Array } | undefined

    for (const [peerId, { messages }] of this.#batches) {
      if (last === undefined || !areSame(messages, last.messages)) {
        last = { messages, piece: prefixed(messages) }
      }
      this.#send(peerId, last.piece)
    }
    this.#batches.clear()
  }

  #send(peerId: string, piece: Uint8Array): void {
    const { control, gossip, streamsOutbound } = this.#router

    try {
      // What gossipsub would send along with the next message leaves before it.
      if (control.has(peerId) || gossip.has(peerId)) {
        this.#router.sendRpc(peerId, { subscriptions: [], messages: [] })
      }
      streamsOutbound.get(peerId)?.pushPrefixed(piece)
    } catch (error) {
      this.#log('messages cannot be forwarded to %s: %e', peerId, error)
    }
  }
}

/** One RPC of all of them: a protobuf of a list is that of its parts, one behind the other. */
function prefixed(messages: Uint8Array[]): Uint8Array {
  const bytes = messages.reduce((sum, { byteLength }) => sum + byteLength, 0)
  return concat([writer().uint32(bytes).finish(), ...messages])
}

function areSame(some: Uint8Array[], others: Uint8Array[]): boolean {
  return some.length === others.length && some.every((message, index) => message === others[index])
}
