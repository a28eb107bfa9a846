import {
  type GossipSub,
  type GossipSubComponents,
  type GossipsubOpts,
  gossipsub,
  type Message
} from '@libp2p/gossipsub'
import type { Ed25519PrivateKey, PrivateKey } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import { DEFAULT_BODY_LIMIT_BYTES } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { signatures } from '../../identity/signatures.ts'
import { byteText } from '../../lib/byte-text.ts'
import { MAX_TOPIC_BYTES_PER_PEER } from '../../protocols/gossip/topic-room.ts'

/**
 * What one gossip RPC may take: some of the largest channel messages, as those that a peer asks for again come in one
 * RPC. A neighbour that sends more is dropped.
 */
const MAX_GOSSIP_BYTES = 8 * DEFAULT_BODY_LIMIT_BYTES
/** Peer ids of Ed25519 keys have 38 bytes. */
const MAX_PEER_ID_BYTES = 64
const SEQUENCE_BYTES = 8
/** Subscribers of one topic that a relay forwards to: more than it has connections. */
const MAX_FORWARDS = 1_000_000
/** Larger messages are worth telling neighbours that they need not be sent again (IDONTWANT). */
const MIN_IDONTWANT_BYTES = 64 * 1024
/** Gossip that waits for a slow peer. Over this it is cut off, or the messages of the fast would fill the memory. */
const MAX_GOSSIP_BACKLOG_BYTES = 64 * 1024 * 1024

export interface GossipServiceInit {
  /** Forwards each topic to all of its subscribers here, not to some of them only. */
  forwardsTopics: boolean
}

/** Gossipsub as all members have it, which signs with the node's key kept ready. */
export function gossipService(init: GossipServiceInit): (components: GossipSubComponents) => GossipSub {
  const create = gossipsub(optionsOf(init))
  return (components) => create(inPlaceOf(components, { privateKey: keptKey(components.privateKey) }))
}

function optionsOf({ forwardsTopics }: GossipServiceInit): Partial<GossipsubOpts> {
  return {
    globalSignaturePolicy: 'StrictSign',
    msgIdFn: gossipMessageId,
    fastMsgIdFn: gossipMessageKey,
    msgIdToStrFn: idText,
    // A block hands its own messages to its own subscribers before they are signed.
    emitSelf: false,
    allowPublishToZeroTopicPeers: true,
    batchPublish: true,
    floodPublish: true,
    // A tag for each topic of a neighbour, all of them written anew with each: a relay's time goes with their square.
    tagMeshPeers: false,
    fallbackToFloodsub: false,
    runOnLimitedConnection: true,
    maxInboundDataLength: MAX_GOSSIP_BYTES,
    maxTopicBytesPerPeer: MAX_TOPIC_BYTES_PER_PEER,
    ...(forwardsTopics ? { D: MAX_FORWARDS, Dlo: MAX_FORWARDS, Dhi: 2 * MAX_FORWARDS } : {}),
    // All subscribers that messages are not forwarded to are told of them, so that none depends on chance.
    gossipFactor: 1,
    // A certificate alone is over the default of 512 bytes: without this each message is told of to every neighbour.
    idontwantMinDataSize: MIN_IDONTWANT_BYTES,
    maxOutboundBufferSize: MAX_GOSSIP_BACKLOG_BYTES,
    // Many blocks share an address behind one relay, NAT or test machine: that is no sign of an attack here.
    scoreParams: { IPColocationFactorWeight: 0 }
  }
}

function keptKey(key: PrivateKey): PrivateKey {
  return key.type === 'Ed25519' ? inPlaceOf<Ed25519PrivateKey>(key, { sign: signatures.signer(key) }) : key
}

/** The same object with some members of its own; the rest is read from it whenever it is asked for. */
function inPlaceOf<T extends object>(object: T, members: Partial<T>): T {
  return Object.assign(Object.create(object), members)
}

/** Peer id bytes, then the sequence number in 8 bytes, big-endian. Implementations differ in their default. */
function gossipMessageId(message: Message): Uint8Array {
  if (message.type !== 'signed') {
    throw new NexusError('INVALID', 'an unsigned gossip message has no id')
  }

  const sequence = new Uint8Array(SEQUENCE_BYTES)
  new DataView(sequence.buffer).setBigUint64(0, message.sequenceNumber)
  return concat([message.from.toMultihash().bytes, sequence])
}

/** No message has an id that is longer than this takes; neighbours may tell of such, and gossipsub would keep them. */
function idText(id: Uint8Array): string {
  return id.byteLength > MAX_PEER_ID_BYTES + SEQUENCE_BYTES ? '' : byteText(id)
}

/**
 * The same before anything was checked, as text. Gossipsub keeps it of messages whose signature held, and drops what it
 * has kept before it checks a signature: most of what a well-connected block receives are repeats.
 */
function gossipMessageKey({ from, seqno }: { from?: Uint8Array; seqno?: Uint8Array }): string {
  // Of lengths that no valid message has; those fail anyway, and may share a key.
  if (
    from === undefined ||
    seqno === undefined ||
    from.byteLength > MAX_PEER_ID_BYTES ||
    seqno.byteLength !== SEQUENCE_BYTES
  ) {
    return ''
  }

  return byteText(from) + byteText(seqno)
}
