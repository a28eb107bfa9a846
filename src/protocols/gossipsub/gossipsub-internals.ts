import { type GossipSub, type TopicValidatorFn, TopicValidatorResult } from '@libp2p/gossipsub'
import type { RPC } from '@libp2p/gossipsub/message'
import type { RejectReason } from '@libp2p/gossipsub/types'
import type { Connection, PeerId } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { equals } from 'uint8arrays/equals'
import { requireMembers } from '../../lib/require-members.ts'

/** The gossipsub router, with what its class has beside its published interface. */
export interface GossipsubInternals extends GossipSub {
  isStarted: () => boolean
  /** By peer id. Without such a stream a peer can be sent nothing, subscribed or not. */
  readonly streamsOutbound: ReadonlyMap<string, { pushPrefixed: (rpc: Uint8Array) => void }>
  /** Peers to open such a stream to, in turn, and the connection to do it on. */
  readonly outboundInflightQueue: { push: (peer: { peerId: PeerId; connection: Connection }) => unknown }
  /** The peer ids that are known to subscribe to a topic, by topic. */
  readonly topics: ReadonlyMap<string, ReadonlySet<string>>
  /** The peer ids that messages from others are forwarded to, by topic. */
  readonly mesh: ReadonlyMap<string, ReadonlySet<string>>
  /** By peer id: what its topics take. */
  readonly peerTopicBytes: ReadonlyMap<string, number>
  /** Takes up or forgets that a peer subscribes to a topic. `false`: it was ignored. */
  handleReceivedSubscription: (from: PeerId, topic: string, subscribe: boolean) => boolean
  /** The topics that this block subscribes to. */
  readonly subscriptions: ReadonlySet<string>
  /** What neighbours are judged by. `from` is the one that a message came from. */
  readonly score: {
    /** Called for a message whose signature does not hold, or that has none. */
    rejectInvalidMessage: (from: string, topic: string) => void
    validateMessage: (id: string) => void
    deliverMessage: (from: string, id: string, topic: string) => void
    duplicateMessage: (from: string, id: string, topic: string) => void
    rejectMessage: (from: string, id: string, topic: string, reason: RejectReason) => void
  }
  /** Handles all that a peer has sent in one piece. Called for each, and not waited for. */
  handleReceivedRpc: (from: PeerId, rpc: RPC) => Promise<void>
  /** Tells a peer of subscriptions of this block, or of their end. */
  sendSubscriptions: (peerId: string, topics: string[], subscribe: boolean) => void
  /** Gives whether there is a stream to the peer. */
  sendRpc: (peerId: string, rpc: RPC) => boolean
  /** Checks a message, hands it on and forwards it. Called for each that arrives, and not waited for. */
  handleReceivedMessage: (from: PeerId, message: RPC.Message) => Promise<void>
  /** What a message is known by before it was checked. */
  readonly fastMsgIdFn: (message: RPC.Message) => string
  /** The ids of messages whose signature held, by what they were known by before. */
  readonly fastMsgIdCache: { get: (key: string) => string | undefined; put: (key: string, id: string) => unknown }
  readonly msgIdToStrFn: (id: Uint8Array) => string
  /** The ids of messages whose signature held, and of its own. */
  readonly seenCache: { has: (id: string) => boolean; put: (id: string) => unknown }
  /** The messages of the last seconds, for those who ask for them. */
  readonly mcache: {
    put: (id: { msgId: Uint8Array; msgIdStr: string }, message: RPC.Message, validated: boolean) => unknown
    observeDuplicate: (id: string, from: string) => void
  }
  readonly opts: { readonly idontwantMinDataSize: number }
  /** Tells the neighbours of a topic, all but the one it came from, that they need not send a message. */
  sendIDontWants: (id: Uint8Array, topic: string, source: string) => void
  /** Sends a message on to the neighbours of its topic, all but the one it came from. */
  forwardMessage: (id: string, message: RPC.Message, source: string, exclude?: ReadonlySet<string>) => void
  /** Who a message is sent on to, by what it came from and who else has it. */
  selectPeersToForward: (topic: string, source: string, exclude?: ReadonlySet<string>) => Iterable<string>
  /** By peer id: messages that it needs not be sent. */
  readonly idontwants: ReadonlyMap<string, ReadonlyMap<string, unknown>>
  /** By peer id: what is sent to it with the next RPC, GRAFT and PRUNE that could not be sent before, and IHAVE. */
  readonly control: ReadonlyMap<string, unknown>
  readonly gossip: ReadonlyMap<string, unknown>
  /** What neighbours have announced, were asked for, and still have to send. */
  readonly gossipTracer: {
    readonly size: number
    deliverMessage: (id: string, isRepeat?: boolean) => void
    rejectMessage: (id: string, reason: RejectReason) => void
  }
  /** By topic and peer id: until when that peer is not taken into the mesh again, in ms since 1970. */
  readonly backoff: ReadonlyMap<string, Map<string, number>>
}

/** What is used of a router beside its published interface. */
export const GOSSIPSUB_MEMBERS = [
  'isStarted',
  'streamsOutbound.has',
  'streamsOutbound.keys',
  'outboundInflightQueue.push',
  'topics.get',
  'mesh.get',
  'peerTopicBytes.get',
  'handleReceivedSubscription',
  'subscriptions.has',
  'score.rejectInvalidMessage',
  'score.validateMessage',
  'score.deliverMessage',
  'score.duplicateMessage',
  'score.rejectMessage',
  'handleReceivedRpc',
  'sendSubscriptions',
  'sendRpc',
  'handleReceivedMessage',
  'fastMsgIdFn',
  'fastMsgIdCache.get',
  'fastMsgIdCache.put',
  'msgIdToStrFn',
  'seenCache.has',
  'seenCache.put',
  'mcache.put',
  'mcache.observeDuplicate',
  'opts.idontwantMinDataSize',
  'sendIDontWants',
  'forwardMessage',
  'selectPeersToForward',
  'idontwants.get',
  'control.has',
  'gossip.has',
  'gossipTracer.size',
  'gossipTracer.deliverMessage',
  'gossipTracer.rejectMessage',
  'backoff.get'
]

/** The inside of a router. Throws `INVALID` when this version has another one. */
export function internalsOf(router: GossipSub): GossipsubInternals {
  requireMembers('@libp2p/gossipsub', router, GOSSIPSUB_MEMBERS)
  return router as GossipsubInternals
}

/**
 * Makes the router take no message of a topic that has no check. Without one it would keep any signed message, of
 * whomever, and hand it on to those who ask for it. The neighbour is not to blame: the topic may just have been left.
 */
export function refuseUnchecked(router: GossipsubInternals): void {
  router.topicValidators = new CheckedTopics(router.topicValidators)
}

class CheckedTopics extends Map<string, TopicValidatorFn> {
  override get(topic: string): TopicValidatorFn {
    return super.get(topic) ?? ignore
  }
}

const ignore: TopicValidatorFn = () => TopicValidatorResult.Ignore

/** Tells of each message that this block itself has signed, as it leaves. */
export function watchOwn(router: GossipsubInternals, self: string, onOwn: (message: RPC.Message) => void): void {
  const { mcache } = router
  const put = mcache.put.bind(mcache)
  const own = peerIdFromString(self).toMultihash().bytes
  mcache.put = (id, message, validated) => {
    if (message.from !== undefined && equals(message.from, own)) {
      onOwn(message)
    }
    return put(id, message, validated)
  }
}

/**
 * Tells of the messages that the router itself refuses: whoever sends one has not checked it, or has made it.
 */
export function watchBadSignatures(router: GossipsubInternals, onBad: (peerId: string) => void): void {
  const { score } = router
  const reject = score.rejectInvalidMessage.bind(score)
  score.rejectInvalidMessage = (from, topic) => {
    reject(from, topic)
    onBad(from)
  }
}
