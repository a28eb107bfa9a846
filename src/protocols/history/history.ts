import type { Logger } from '@libp2p/interface'
import type { Signatures } from '../../identity/signatures.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import type { SignedGossipEvents } from '../gossip/gossip-events.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { CHANNEL_TOPIC_PREFIX } from '../gossip/topic-names.ts'
import { type ConnectedPeer, ConnectedPeers } from '../peers/connected-peers.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import { answerOf } from './history-answer.ts'
import { HistoryClient } from './history-client.ts'
import type { AskedHistory, HistoryQuestion } from './history-question.ts'
import { HistoryServer } from './history-server.ts'
import { KeptMessages } from './kept-messages.ts'
import { MessageCheck } from './message-check.ts'
import type { RelayFetch, RelayFetchInit } from './relay-fetch.ts'
import { Repair, type RepairInit } from './repair.ts'
import { gatherHistory } from './replay.ts'

const MIB = 1024 * 1024
/** How long messages are kept. */
export const KEEP_MS = 120_000
/** Of one topic; where more time or room was asked for, more of them. */
const MAX_MESSAGES = { usual: 4_096, more: 65_536 }
/** Of all topics. */
const MAX_BYTES = { relay: 64 * MIB, block: 8 * MIB }

export interface HistoryInit {
  /** Who this member is. */
  self: ConnectedPeer
  verifier: CertificateVerifier
  /** What signatures of messages are checked with. Default: the best there is here. */
  signatures?: Signatures
  gossip: SignedGossip
  system: SystemCalls
  /** The verified peers with an open connection. */
  peers: () => ConnectedPeer[]
  /** How long messages are kept, and how many bytes of them. Default 120,000, and 8 MiB, at a relay 64 MiB. */
  keep?: { ms?: number; bytes?: number }
  /** Makes what gets from others what this member is asked for and lacks: for relays. Default: nothing does. */
  fetching?: (parts: RelayFetchInit) => RelayFetch
  /** How many times as much as others a user may have. Default once. */
  factorOf?: (user: string) => number
  log: Logger
}

/** What a channel lacks, and takes. */
export type RepairedChannel = Pick<RepairInit, 'topic' | 'missing' | 'toCome' | 'take'>

/**
 * What a member keeps of channels, hands over to those who ask, and asks others for. What is signed, numbered and
 * encrypted may come from anybody.
 */
export class History {
  readonly #init: HistoryInit
  readonly #kept: KeptMessages
  readonly #client: HistoryClient
  readonly #peers: ConnectedPeers
  readonly #repairs = new Set<Repair>()
  readonly #fetch: RelayFetch | undefined

  constructor(init: HistoryInit) {
    const { self, gossip, system, verifier, signatures, keep = {}, factorOf, log } = init
    const isRelay = self.block === 'relay'
    this.#init = init
    this.#peers = new ConnectedPeers(init.peers)
    const maxBytes = keep.bytes ?? (isRelay ? MAX_BYTES.relay : MAX_BYTES.block)
    const maxMessages = keep.ms === undefined && keep.bytes === undefined ? MAX_MESSAGES.usual : MAX_MESSAGES.more
    this.#kept = new KeptMessages({ maxBytes, maxMessages, maxAgeMs: keep.ms ?? KEEP_MS })
    this.#client = new HistoryClient({ system, check: new MessageCheck({ verifier, signatures }), log })
    const parts = { client: this.#client, kept: this.#kept }
    this.#fetch = init.fetching?.({ ...parts, keepers: this.#keepers })
    const fetch = this.#fetch && ((question: Parameters<RelayFetch['fetch']>[0]) => this.#fetch!.fetch(question))
    new HistoryServer({ kept: this.#kept, system, factorOf, fetch })
    gossip.addEventListener('subscription', this.#onSubscription)
    gossip.onAccepted((message, of) => {
      if (message.topic.startsWith(CHANNEL_TOPIC_PREFIX)) {
        this.#kept.add({ message, ...of })
      }
    })
  }

  /** How many messages are kept. */
  get keptMessages(): number {
    return this.#kept.size
  }

  /** Gets a channel what it lacks, when it is told that there is something. */
  repair(channel: RepairedChannel): Repair {
    const { topic } = channel
    const keepers = (senders: ReadonlySet<string>) => this.#keepers(topic, senders)
    const repair = new Repair({ ...channel, client: this.#client, kept: this.#kept, keepers })
    this.#repairs.add(repair)
    return repair
  }

  /** The messages of a topic that this member keeps and others do, each once and proven, in no order. Never rejects. */
  gather(topic: string, asked: AskedHistory, signal?: AbortSignal): Promise<SignedMessage[]> {
    const kept = this.#kept
    const client = this.#client
    const own = (question: HistoryQuestion) => {
      return client.read(this.#init.self.peerId, question, answerOf(question, kept.of(topic), false))
    }
    const keepers = () => Object.values(this.#keepers(topic, new Set())).flat()
    return gatherHistory({ client, kept, own, keepers }, topic, asked, signal)
  }

  /** A channel was left. */
  end(repair: Repair): void {
    repair.stop()
    this.#repairs.delete(repair)
  }

  stop(): void {
    this.#init.gossip.removeEventListener('subscription', this.#onSubscription)
    this.#fetch?.stop()
    this.#kept.stop()
  }

  // What came while nobody was there, or no relay, they may have.
  readonly #onSubscription = ({ detail }: SignedGossipEvents['subscription']): void => {
    const { peerId, topic, subscribed } = detail
    const isAwaited = (): boolean => {
      return this.#peers.isRelay(peerId) || this.#init.gossip.subscribers(topic).length === 1
    }

    if (subscribed && isAwaited()) {
      this.#repairs.forEach((repair) => {
        if (repair.topic === topic) {
          repair.notice(peerId)
        }
      })
    }
  }

  readonly #keepers = (topic: string, senders: ReadonlySet<string>): { first: string[]; others: string[] } => {
    const subscribers = new Set(this.#init.gossip.subscribers(topic))
    const peers = this.#peers.all()
    const isFirst = ({ peerId, block }: ConnectedPeer): boolean => {
      return senders.has(peerId) || (block === 'relay' && subscribers.has(peerId))
    }
    return {
      first: peers.filter(isFirst).map(({ peerId }) => peerId),
      others: peers.filter((peer) => !isFirst(peer) && subscribers.has(peer.peerId)).map(({ peerId }) => peerId)
    }
  }
}
