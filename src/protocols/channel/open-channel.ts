import type { SubscriptionReach } from '../../types.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { channelTopic } from '../gossip/topic-names.ts'
import type { Repair } from '../history/repair.ts'
import type { ChannelsInit } from './channels-init.ts'
import { ChannelCipher } from './cipher.ts'
import { ChannelInbox } from './inbox.ts'

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

  close(): void {
    this.inbox.stop()
    this.#init.history.end(this.#repair)
    this.#init.gossip.leave(this.topic, this.#onMessage)
  }

  readonly #onMessage = (message: SignedMessage): void => {
    void this.inbox.receive(message)
  }
}
