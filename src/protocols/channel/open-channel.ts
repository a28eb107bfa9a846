import type { Logger } from '@libp2p/interface'
import type { HandlerErrorReporter } from '../../lib/handler-errors.ts'
import type { ChannelPosition, Clock, Identity, SubscriptionReach } from '../../types.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { channelTopic } from '../gossip/topic-names.ts'
import type { History } from '../history/history.ts'
import type { AskedHistory } from '../history/history-question.ts'
import type { Repair } from '../history/repair.ts'
import type { TopicInterest } from '../subscription/topic-interest.ts'
import type { DeriveChannelKey } from './channel-key.ts'
import { ChannelCipher } from './cipher.ts'
import { ChannelInbox } from './inbox.ts'
import type { Subscriber } from './subscriber.ts'

export interface ChannelsInit {
  /** Who this block is. */
  self: Identity
  /** This block's, which its messages bear the time of. */
  clock: Clock
  gossip: SignedGossip
  interest: TopicInterest
  history: History
  /** The largest body, in bytes. Default, and at most, 16 KiB less than 4 MiB: what gossip carries. */
  bodyLimitBytes?: number
  /** How long a subscribe or publish may take that does not say, in ms. Default 30,000. */
  timeoutMs?: number
  /** Default: by WebCrypto. */
  deriveKey?: DeriveChannelKey
  onHandlerError: HandlerErrorReporter
  log: Logger
}

/** A channel that this block subscribes to: one for each name and secret. */
export class OpenChannel {
  readonly topic: string
  readonly inbox: ChannelInbox
  readonly #init: ChannelsInit
  readonly #repair: Repair
  /** Resolves when others know of the subscription. */
  #reach: Promise<SubscriptionReach> = Promise.resolve('alone')
  /** Nobody was there to tell: to be tried again with the next handler. */
  #isAlone = true

  /** Throws `STOPPED` when gossip is not running. */
  constructor(init: ChannelsInit, name: string, secret: string | undefined) {
    const { self, clock, gossip, history, deriveKey, onHandlerError, log } = init
    const { network } = self
    this.#init = init
    this.topic = channelTopic(network, name)
    this.inbox = new ChannelInbox({
      name,
      self,
      cipher: new ChannelCipher({ network, name, secret, deriveKey }),
      clock,
      onMissing: () => this.#repair.notice(),
      onHandlerError,
      log
    })
    this.#repair = history.repair({
      topic: this.topic,
      missing: () => this.inbox.missing(),
      toCome: () => this.inbox.toCome(),
      take: (message) => this.inbox.repair(message)
    })
    gossip.join(this.topic, this.#onMessage)
  }

  /** Makes it known to others; resolves when they know. */
  announce(): Promise<SubscriptionReach> {
    if (this.#isAlone) {
      this.#isAlone = false
      this.#reach = this.#init.interest.announce(this.topic).then((reach) => {
        this.#isAlone = reach === 'alone'
        return reach
      })
    }
    return this.#reach
  }

  /** Has a new subscription begin with kept messages; resolves when they were handed over. */
  async replay(subscriber: Subscriber, asked: AskedHistory): Promise<void> {
    await this.inbox.replay(subscriber, await this.#init.history.gather(this.topic, asked), asked)
  }

  /** How far it has come. */
  position(): ChannelPosition {
    const next = this.inbox.toCome().map(({ sender, epoch, start }) => [sender, String(epoch), start] as const)
    return { time: this.#init.clock(), next: next.map(([...one]) => one) }
  }

  close(): void {
    this.inbox.stop()
    this.#init.history.end(this.#repair)
    this.#init.gossip.leave(this.topic, this.#onMessage)
  }

  readonly #onMessage = (message: SignedMessage): void => {
    void this.inbox.receive(message)
  }
}
