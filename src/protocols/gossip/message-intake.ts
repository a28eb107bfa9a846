import type { RPC } from '@libp2p/gossipsub/message'
import type { Connection, PeerId } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import { byteText } from '../../lib/byte-text.ts'
import type { Room } from '../../lib/fair-lines.ts'
import { FairQueue } from '../../lib/fair-queue.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import { now } from '../../lib/now.ts'
import { SharedPace } from '../../lib/shared-pace.ts'
import { MessageReceiver, type MessageReceiverInit } from './messages/message-receiver.ts'
import { PausedNeighbours } from './paused-neighbours.ts'

const MIB = 1024 * 1024
/** What waits to be checked, for each sender and user. Some of the largest messages, or a burst of small ones. */
const SENDER_ROOM: Room = { items: 1_000, bytes: 16 * MIB }
const USER_ROOM: Room = { items: 2_000, bytes: 32 * MIB }
/** Of a neighbour that has so many of its own waiting no more is read, until half of them are done. */
const PAUSE_ITEMS = 100
const PAUSE_BYTES = 8 * MIB
/** Senders of whom it is known whose they are. */
const MAX_SENDERS = 10_000
/** What a message may take beside its data. */
const OVERHEAD_BYTES = 512
const BYTES = ['from', 'seqno', 'signature', 'key', 'data'] as const
/**
 * In messages written to a peer, which a relay on a small machine does so many of. One message costs no more than 50,
 * however many it is written to: 20 messages a second are for everybody.
 */
const PACE = { allPerSecond: 10_000, leastPerSecond: 1_000, mostOfOne: 50 }
const TOLD_EVERY_MS = 1_000
/** How long one user's messages are worked on in one turn of the event loop while there are no others. */
const ALONE_SLICE_MS = 5

/** Messages that were dropped since it was last told, as too many of their senders waited, or came. */
export interface DroppedMessages {
  messages: number
  /** The neighbour that the last one came from. */
  peerId: string
}

/** A message that has come, before anything of it was checked. */
export interface Arriving {
  topic: string
  /** The neighbour that it came from. */
  source: string
  /** Who has signed it, as it says: the bytes of a peer id. */
  from: Uint8Array
  /** It says that the neighbour itself has signed it. */
  isOwn: boolean
}

/**
 * What becomes of a message before anything of it is checked. `dropped`: there is no room for it now; it may come again
 * by another way. `unwanted`: it is not needed here, and nobody else has it from here.
 */
export type Admission = 'taken' | 'dropped' | 'unwanted'

export interface MessageIntakeInit extends MessageReceiverInit {
  /** The open connections to a peer. */
  connections: (peerId: PeerId) => Connection[]
  /** The user of a connected peer, as its certificate says. */
  userOf: (peerId: string) => string | undefined
  /** How many times the share of others a user has. Default 1. */
  factorOf?: (user: string) => number
  /** Default: all are taken. */
  admission?: (arriving: Arriving) => Admission
  /** Told at once, then once a second at most. */
  onDropped?: (dropped: DroppedMessages) => void
}

interface Arrival {
  source: PeerId
  message: RPC.Message
  user: string
  sender: string
  onDone: () => undefined
}

/**
 * Has what arrives by gossip checked and forwarded in fair turns, by user and by sender. Whoever sends much waits: it
 * is read from no faster than that. What others forwarded for it, and is over its room, is dropped.
 *
 * Whose a message is is believed here before its signature was checked, which is most of the work. A liar gets no more
 * than a turn of its own among those of the user whose name it uses, until it is cut off for what it sends.
 */
export class MessageIntake {
  readonly #init: MessageIntakeInit
  readonly #receiver: MessageReceiver
  readonly #pace: SharedPace
  readonly #queue = new FairQueue<Arrival>({
    run: (arrival) => this.#run(arrival),
    sender: SENDER_ROOM,
    user: USER_ROOM,
    onDrop: (arrival) => this.#onDrop(arrival),
    delayOf: (user, sender) => this.#pace.delayOf(user, sender),
    aloneSliceMs: ALONE_SLICE_MS,
    now
  })
  /** The users of senders whose messages have passed. */
  readonly #users = new LruCache<string, string>({ max: MAX_SENDERS })
  readonly #paused: PausedNeighbours
  #dropped = 0
  #told = 0
  #toldAt = Number.NEGATIVE_INFINITY

  constructor(init: MessageIntakeInit) {
    this.#init = init
    this.#receiver = new MessageReceiver(init)
    this.#paused = new PausedNeighbours(init.connections)
    this.#pace = new SharedPace({ ...PACE, factorOf: init.factorOf, now })
    init.router.handleReceivedMessage = async (source, message) => this.#take(source, message)
  }

  /** Messages that were dropped, since the start, because too many of their senders waited. */
  get dropped(): number {
    return this.#dropped
  }

  /** Notes whose messages those of a sender are, once one has passed. */
  know(sender: PeerId, user: string): void {
    this.#users.set(byteText(sender.toMultihash().bytes), user)
  }

  stop(): void {
    this.#queue.stop()
    this.#receiver.stop()
    this.#paused.resumeAll()
  }

  #take(source: PeerId, message: RPC.Message): undefined | Promise<void> {
    const { from, seqno } = message

    // What can be no valid message is refused at once, and what has come before costs nothing.
    if (from === undefined || seqno === undefined || this.#isKnown(message)) {
      return this.#receiver.receive(source, message)
    }

    const bytes = (message.data?.byteLength ?? 0) + OVERHEAD_BYTES

    // It would be kept, and a valid message has no need of it.
    if (sizeOf(message) > bytes) {
      this.#init.router.score.rejectInvalidMessage(source.toString(), message.topic)
      return undefined
    }

    const isOwn = equals(from, source.toMultihash().bytes)
    const neighbour = source.toString()
    const sender = isOwn ? neighbour : `${neighbour} ${byteText(from)}`
    const user = this.#userOf(neighbour, from, isOwn)
    this.#keepPromise(message)

    const admission = this.#init.admission?.({ topic: message.topic, source: neighbour, from, isOwn }) ?? 'taken'

    if (admission !== 'taken') {
      return admission === 'dropped' ? this.#onDrop({ source }) : this.#see(from, seqno)
    }

    const { promise, resolve } = Promise.withResolvers<void>()
    const onDone = (): undefined => void resolve()

    if (!this.#queue.push(user, sender, { source, message: detached(message), user, sender, onDone }, bytes)) {
      this.#onDrop({ source })
      return undefined
    }

    if (isOwn && isLong(this.#queue.waiting(user, sender), 1)) {
      this.#paused.pause(source, user)
    }
    return promise
  }

  #run({ source, message, user, sender, onDone }: Arrival): undefined | Promise<void> {
    if (this.#paused.has(sender) && !isLong(this.#queue.waiting(user, sender), 2)) {
      this.#paused.resume(sender)
    }

    this.#pace.charge(user, sender, 1 + (this.#init.router.mesh.get(message.topic)?.size ?? 0))
    const receiving = this.#receiver.receive(source, message)
    return receiving === undefined ? onDone() : receiving.then(onDone, onDone)
  }

  #userOf(neighbour: string, from: Uint8Array, isOwn: boolean): string {
    const ofNeighbour = (): string => this.#init.userOf(neighbour) ?? neighbour
    return isOwn ? ofNeighbour() : (this.#users.get(byteText(from)) ?? ofNeighbour())
  }

  #isKnown(message: RPC.Message): boolean {
    const { fastMsgIdFn, fastMsgIdCache } = this.#init.router
    return fastMsgIdCache.get(fastMsgIdFn(message)) !== undefined
  }

  #see(from: Uint8Array, seqno: Uint8Array): undefined {
    const { msgIdToStrFn, seenCache } = this.#init.router
    seenCache.put(msgIdToStrFn(concat([from, seqno])))
  }

  /** A neighbour that was asked for a message has sent it, however long it waits here. */
  #keepPromise({ from, seqno }: RPC.Message): void {
    const { gossipTracer, msgIdToStrFn } = this.#init.router

    if (gossipTracer.size > 0) {
      gossipTracer.deliverMessage(msgIdToStrFn(concat([from!, seqno!])))
    }
  }

  #onDrop({ source }: Pick<Arrival, 'source'>): undefined {
    this.#dropped++

    if (now() - this.#toldAt >= TOLD_EVERY_MS) {
      const messages = this.#dropped - this.#told
      this.#toldAt = now()
      this.#told = this.#dropped
      this.#init.log('%d messages were dropped, the last through %p: there were too many', messages, source)
      this.#init.onDropped?.({ messages, peerId: source.toString() })
    }
  }
}

function isLong({ items, bytes }: Readonly<Room>, part: number): boolean {
  return items >= PAUSE_ITEMS / part || bytes >= PAUSE_BYTES / part
}

function sizeOf(message: RPC.Message): number {
  return BYTES.reduce((sum, field) => sum + (message[field]?.byteLength ?? 0), message.topic.length)
}

/** Its own bytes alone: a message of a few would else keep all that came with it, here and in the router's memory. */
function detached({ topic, ...fields }: RPC.Message): RPC.Message {
  const { from, data, seqno, signature, key } = fields
  return { topic, from: own(from), data: own(data), seqno: own(seqno), signature: own(signature), key: own(key) }
}

function own(bytes: Uint8Array | undefined): Uint8Array<ArrayBuffer> | undefined {
  // Not `slice`, which copies nothing of a Node `Buffer`.
  return bytes && new Uint8Array(bytes)
}

function equals(one: Uint8Array, other: Uint8Array): boolean {
  return one.byteLength === other.byteLength && one.every((byte, index) => byte === other[index])
}
