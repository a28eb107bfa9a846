import type { GossipSub, Message, SubscriptionChangeData, TopicValidatorResult } from '@libp2p/gossipsub'
import type { RPC } from '@libp2p/gossipsub/message'
import type { Connection, Logger, PeerId } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { NexusError, toNexusError } from '../../errors.ts'
import type { Signatures } from '../../identity/signatures.ts'
import { now } from '../../lib/now.ts'
import { ChangeIntake } from '../gossipsub/change-intake.ts'
import { ChangeLimits, type ChangeLimitsInit } from '../gossipsub/change-limits.ts'
import {
  type GossipsubInternals,
  internalsOf,
  refuseUnchecked,
  watchBadSignatures,
  watchOwn
} from '../gossipsub/gossipsub-internals.ts'
import { OwnSubscriptions } from '../gossipsub/own-subscriptions.ts'
import { StallWatch } from '../gossipsub/stall-watch.ts'
import { carriesGossip, StreamWatch } from '../gossipsub/stream-watch.ts'
import { GossipEnvelope } from '../pb/gossip.ts'
import { READ_WITHIN_MS, waitForRoom, waitUntilRead } from './backpressure.ts'
import type { AcceptedListener, SignedGossipEvents } from './gossip-events.ts'
import { JoinedTopics } from './joined-topics.ts'
import { MessageIntake, type MessageIntakeInit } from './message-intake.ts'
import { type GossipCheck, MessageValidator, type MessageValidatorInit } from './message-validator.ts'
import { PeerFaults } from './peer-faults.ts'
import { RefusalCounter } from './refused-messages.ts'
import type { SignedMessageHandler } from './topic-handlers.ts'
import { limitTopics } from './topic-room.ts'

export interface SignedGossipInit
  extends MessageValidatorInit,
    Omit<ChangeLimitsInit, 'now'>,
    Pick<MessageIntakeInit, 'admission'> {
  /** `@libp2p/gossipsub` with the policy StrictSign, not necessarily started. */
  gossip: GossipSub
  /** What signatures of messages are checked with. Default: the best there is here. */
  signatures?: Signatures
  /** Whose this block is. */
  ownUser: string
  /** The certificate that this block shows now. */
  certificate: () => string
  /** The open connections, all or those to one peer. */
  connections: (peerId?: PeerId) => Connection[]
  /** The user of a connected peer, as its certificate says. */
  userOf: (peerId: string) => string | undefined
  /** Whether a connected peer is told of the topics alone that concern it. Default: none is. */
  asksAboutTopics?: (peerId: string) => boolean
  /** How many times the share of others a user has, while others publish too. Default 1. */
  factorOf?: (user: string) => number
  /** Resolves when a peer has answered. */
  ping: (peerId: PeerId, signal: AbortSignal) => Promise<unknown>
  log: Logger
}

/**
 * Gossip in which every message carries its sender's certificate, and every hop checks it: nothing is handed to a
 * handler or forwarded before the certificate was verified and found to be of the key that signed the message.
 */
export class SignedGossip extends TypedEventEmitter<SignedGossipEvents> {
  readonly #init: SignedGossipInit
  readonly #router: GossipsubInternals
  readonly #checker: MessageValidator
  readonly #intake: MessageIntake
  readonly #topics: JoinedTopics
  readonly #watch: StreamWatch
  readonly #stalls: StallWatch
  readonly #own: OwnSubscriptions
  readonly #changeIntake: ChangeIntake
  readonly #refused = new RefusalCounter((detail) => this.safeDispatchEvent('refused', { detail }))
  /** Counts what peers change, or cause to change. */
  readonly changes: ChangeLimits
  #onAccepted: AcceptedListener = () => undefined
  #publishedAt = Number.NEGATIVE_INFINITY

  constructor(init: SignedGossipInit) {
    super()
    this.#init = init
    this.#router = internalsOf(init.gossip)
    const faults = new PeerFaults({ connections: () => init.connections(), log: init.log })
    const onFault = (peerId: string): void => faults.add(peerId)
    this.#stalls = new StallWatch({ router: this.#router, connections: init.connections })
    this.#checker = new MessageValidator({
      ...init,
      onFault,
      onRefused: (refusal) => this.#refused.add(refusal),
      receives: (topic) => this.receives(topic),
      onLate: (detail) => this.safeDispatchEvent('late', { detail }),
      mayHaveWaited: (source) => this.#stalls.mayHaveWaited(source)
    })
    const onDropped: MessageIntakeInit['onDropped'] = (detail) => this.safeDispatchEvent('dropped', { detail })
    this.#intake = new MessageIntake({ ...init, router: this.#router, onMessage: this.#onMessage, onDropped })
    this.#topics = new JoinedTopics({ router: this.#router, validate: this.#validate, log: init.log })
    this.#watch = new StreamWatch({ router: this.#router, connections: () => init.connections(), log: init.log })
    this.#own = new OwnSubscriptions({ ...init, router: this.#router })
    this.changes = new ChangeLimits({ ...init, now })
    refuseUnchecked(this.#router)
    this.#changeIntake = new ChangeIntake({ ...init, router: this.#router, limits: this.changes })
    limitTopics(this.#router, init)
    watchBadSignatures(this.#router, (peerId) => {
      onFault(peerId)
      this.#refused.add({ peerId, message: 'its signature does not hold' })
    })
    this.#router.addEventListener('subscription-change', this.#onSubscriptionChange)
  }

  /**
   * One more check for all topics that begin with `prefix`, here and at every hop that adds it. A message for which
   * it throws or rejects is refused.
   */
  addCheck(prefix: string, check: GossipCheck): void {
    this.#checker.add(prefix, check)
  }

  /** Has one listener told of each message that passes and each that is published here, as it is on its way. */
  onAccepted(listener: AcceptedListener): void {
    const { self, verifier, ownUser: user } = this.#init
    this.#onAccepted = listener
    watchOwn(this.#router, self, (message) => listener(message, { sender: self, user, time: verifier.clock() }))
  }

  /**
   * Receives a topic, or with no handler only forwards it. Each call is undone by one `leave` with the same
   * arguments. Throws `STOPPED` when gossip is not running.
   */
  join(topic: string, handler?: SignedMessageHandler): void {
    if (this.#topics.join(topic, handler)) {
      this.safeDispatchEvent('join', { detail: { topic } })
    }
  }

  /** Undoes one `join`; the topic itself is left with the last one. Does nothing when there is none to undo. */
  leave(topic: string, handler?: SignedMessageHandler): void {
    if (this.#topics.leave(topic, handler)) {
      this.safeDispatchEvent('leave', { detail: { topic } })
    }
  }

  /** Tells one peer that this block subscribes to a topic, or does not, whatever others are told. */
  tell(peerId: string, topic: string, subscribed: boolean): void {
    this.#own.tell(peerId, topic, subscribed)
  }

  /** Whether this block takes part in the topic. */
  joined(topic: string): boolean {
    return this.#topics.has(topic)
  }

  /** Whether this block itself receives the topic, more than forwarding it. */
  receives(topic: string): boolean {
    return this.#topics.receives(topic)
  }

  /**
   * Signs and sends to the subscribers of a topic that this block is connected to; gives how many there were. Resolves
   * when those who are slow have taken most of what was sent to them before, or after a second. Rejects with `STOPPED`,
   * and with `UNREACHABLE` when gossip fails.
   */
  async publish(topic: string, payload: Uint8Array<ArrayBuffer>): Promise<number> {
    if (!this.#router.isStarted()) {
      throw new NexusError('STOPPED', 'gossip is not running')
    }

    const { certificate, verifier } = this.#init
    const data = GossipEnvelope.encode({ certificate: certificate(), payload, time: verifier.clock() })
    this.#publishedAt = now()
    const { recipients } = await this.#router.publish(topic, data).catch((cause: unknown) => {
      throw toNexusError(cause, 'UNREACHABLE', 'gossip did not take the message')
    })
    await waitForRoom(recipients.flatMap((peerId) => this.#init.connections(peerId)))
    return recipients.length
  }

  /** Messages of others that were dropped, since the start, because too many of their sender waited. */
  get dropped(): number {
    return this.#intake.dropped
  }

  /** Messages of others that were refused for what they are, since the start. */
  get refused(): number {
    return this.#refused.count
  }

  /** The peer ids that are known to subscribe to a topic and connected to this block. */
  subscribers(topic: string): string[] {
    return [...(this.#router.topics.get(topic) ?? [])]
  }

  /** Whether a peer is known to subscribe to a topic and connected to this block. */
  isSubscriber(topic: string, peerId: string): boolean {
    return this.#router.topics.get(topic)?.has(peerId) === true
  }

  /** The subscribers that what is published here now reaches at once: those with a stream to them. */
  reached(topic: string): Set<string> {
    return new Set(this.subscribers(topic).filter((peerId) => this.#router.streamsOutbound.has(peerId)))
  }

  /** Whether what is published here now reaches this peer at once. */
  reaches(topic: string, peerId: string): boolean {
    return this.#router.streamsOutbound.has(peerId) && this.isSubscriber(topic, peerId)
  }

  /** Whether what arrives here from others is forwarded to this peer at once. */
  feeds(topic: string, peerId: string): boolean {
    return this.#router.mesh.get(topic)?.has(peerId) === true
  }

  /** Leaves all topics, when neighbours have what was published last, or `grace` aborts. */
  async stop(grace: AbortSignal): Promise<void> {
    const { connections, ping } = this.#init

    if (now() - this.#publishedAt < READ_WITHIN_MS) {
      await waitUntilRead(connections().filter(carriesGossip), ping, grace)
    }
    this.#watch.stop()
    this.#own.stop()
    this.#intake.stop()
    this.#changeIntake.stop()
    this.#stalls.stop()
    this.#topics.stop()
    this.#router.removeEventListener('subscription-change', this.#onSubscriptionChange)
  }

  readonly #validate = (source: PeerId, message: Message): TopicValidatorResult | Promise<TopicValidatorResult> =>
    this.#checker.check(source, message)

  readonly #onMessage = (message: Message, raw?: RPC.Message): void => {
    const checked = this.#checker.take(message)

    if (checked !== undefined && message.type === 'signed') {
      this.#intake.know(message.from, checked.certificate.uid)

      if (raw !== undefined) {
        const { certificate, time } = checked
        this.#onAccepted(raw, { sender: certificate.peerId, user: certificate.uid, time })
      }
      this.#topics.deliver(checked)
    }
  }

  readonly #onSubscriptionChange = ({ detail }: CustomEvent<SubscriptionChangeData>): void => {
    const peerId = detail.peerId.toString()

    for (const { topic, subscribe } of detail.subscriptions) {
      this.safeDispatchEvent('subscription', { detail: { peerId, topic, subscribed: subscribe } })
    }
  }
}
