import { raceSignal } from 'race-signal'
import { DEFAULT_TIMEOUT_MS, MAX_CHANNEL_BODY_BYTES } from '../../constants.ts'
import { cancelled, NexusError, stopped } from '../../errors.ts'
import { anyOf, waitUntilAborted } from '../../lib/abort.ts'
import { ByteBudget } from '../../lib/byte-budget.ts'
import { LruCache } from '../../lib/lru-cache.ts'
import type {
  Body,
  CallOptions,
  ChannelHandler,
  ChannelOptions,
  PublishOptions,
  SubscribeOptions,
  Subscription
} from '../../types.ts'
import { encodeBody } from '../body/body.ts'
import { checkCallOptions } from '../find/target.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { channelTopic } from '../gossip/topic-names.ts'
import { channelKey, checkHistory, checkOrder } from './channel-options.ts'
import { ChannelCipher } from './cipher.ts'
import { type ChannelsInit, OpenChannel } from './open-channel.ts'
import { ChannelOutbox } from './outbox.ts'

/** Bytes of bodies that wait to be sent, above which `publish` waits. */
const MAX_WAITING_BYTES = 32 * 1024 * 1024
/** Channels published to that are kept ready. One that comes back later starts with a new epoch. */
const MAX_OUTBOXES = 1_000

/**
 * Named broadcast to every block that subscribes: encrypted under the channel's name and secret, numbered by each
 * sender, batched while there is much to send.
 */
export class Channels {
  readonly #init: ChannelsInit
  readonly #budget = new ByteBudget(MAX_WAITING_BYTES)
  readonly #channels = new Map<string, OpenChannel>()
  readonly #outboxes = new LruCache<string, ChannelOutbox>({ max: MAX_OUTBOXES })
  readonly #stopping = new AbortController()
  #isLeaving = false

  constructor(init: ChannelsInit) {
    this.#init = init
    init.gossip.addEventListener('late', this.#onLate)
  }

  /**
   * Receives a channel until `unsubscribe`. Resolves when the peers of this block know of it, so that nothing that is
   * published from then on is missed: peers that do not answer are waited for 2 s, relays 5 s. A subscribe that fails leaves no subscription behind.
   */
  async subscribe<B>(name: string, handler: ChannelHandler<B>, options: SubscribeOptions = {}): Promise<Subscription> {
    checkCallOptions(options)
    const order = checkOrder(options)
    const asked = checkHistory(options.history)
    const key = this.#key(name, options)
    const channel = this.#channel(key, name, options, handler)
    const subscriber = channel.inbox.add({ ...order, handler, onGap: options.onGap })

    if (asked !== undefined) {
      subscriber.beginReplay()
      channel.inbox.expect(subscriber, asked.ranges ?? [])
    }

    const unsubscribe = async (): Promise<void> => {
      channel.inbox.remove(subscriber)

      if (channel.inbox.empty && this.#channels.get(key) === channel) {
        this.#channels.delete(key)
        channel.close()
      }
    }

    try {
      const reach = await this.#inTime(channel.announce(), options)
      subscriber.markKnown()

      if (asked !== undefined) {
        await this.#inTime(channel.replay(subscriber, asked), options)
      }
      return { channel: name, reach, position: () => channel.position(), unsubscribe }
    } catch (error) {
      await unsubscribe()
      throw error
    }
  }

  /**
   * Sends a body to all who subscribe, this block's own handlers included. Resolves when it was handed to the peers
   * that take it on, with their number: 0 when nobody else is known on the channel. Waits while 32 MiB of bodies are
   * still to be sent.
   */
  async publish(name: string, body: Body, options: PublishOptions = {}): Promise<number> {
    checkCallOptions(options)
    const outbox = this.#outbox(name, options)
    const encoded = encodeBody(
      body,
      Math.min(this.#init.bodyLimitBytes ?? MAX_CHANNEL_BODY_BYTES, MAX_CHANNEL_BODY_BYTES)
    )
    return outbox.send(encoded, { signal: options.signal, timeoutMs: this.#timeoutOf(options) })
  }

  /**
   * Sends what was given before, while `grace` lasts; what is left then is rejected with `STOPPED`. Leaves all
   * channels.
   */
  async stop(grace: AbortSignal): Promise<void> {
    this.#isLeaving = true
    this.#init.gossip.removeEventListener('late', this.#onLate)
    const sent = Promise.all([...this.#outboxes.values()].map((outbox) => outbox.onIdle()))
    await waitUntilAborted(sent, grace)
    this.#stopping.abort()

    for (const outbox of this.#outboxes.values()) {
      outbox.stop()
    }

    for (const channel of this.#channels.values()) {
      channel.close()
    }
    this.#outboxes.clear()
    this.#channels.clear()
  }

  #channel(key: string, name: string, options: ChannelOptions, handler: unknown): OpenChannel {
    if (typeof handler !== 'function') {
      throw new NexusError('INVALID', 'a subscription needs a handler')
    }

    const channel = this.#channels.get(key) ?? new OpenChannel(this.#init, name, options.secret)
    this.#channels.set(key, channel)
    return channel
  }

  readonly #onLate = ({ detail: message }: CustomEvent<SignedMessage>): void => {
    const channels = [...this.#channels.values()].filter(({ topic }) => topic === message.topic)
    channels.forEach(({ inbox }) => void inbox.receiveLate(message))
  }

  #outbox(name: string, options: ChannelOptions): ChannelOutbox {
    const key = this.#key(name, options)
    const known = this.#outboxes.get(key)

    if (known !== undefined) {
      return known
    }

    const { self, clock, gossip, interest, deriveKey } = this.#init
    const topic = channelTopic(self.network, name)
    const outbox = new ChannelOutbox({
      self: self.peerId,
      clock,
      cipher: new ChannelCipher({ network: self.network, name, secret: options.secret, deriveKey }),
      budget: this.#budget,
      ready: () => interest.ready(topic),
      publish: (payload) => gossip.publish(topic, payload),
      onSend: (first, items) => this.#channels.get(key)?.inbox.receiveOwn(first, items)
    })
    this.#outboxes.set(key, outbox)
    return outbox
  }

  /** Stands for a name and secret. Throws `INVALID` or `STOPPED`. */
  #key(name: string, options: ChannelOptions): string {
    if (this.#isLeaving) {
      throw stopped()
    }
    return channelKey(name, options)
  }

  #timeoutOf({ timeoutMs }: CallOptions): number {
    return timeoutMs ?? this.#init.timeoutMs ?? DEFAULT_TIMEOUT_MS
  }

  async #inTime<T>(promise: Promise<T>, options: CallOptions): Promise<T> {
    const stopping = this.#stopping.signal
    const deadline = AbortSignal.timeout(Math.ceil(this.#timeoutOf(options)))
    const ends = [stopping, deadline, ...(options.signal === undefined ? [] : [options.signal])]

    try {
      return await raceSignal(promise, anyOf(ends))
    } catch {
      if (stopping.aborted) {
        throw stopped()
      }
      throw options.signal?.aborted === true ? cancelled(options.signal) : lateSubscription()
    }
  }
}

function lateSubscription(): NexusError {
  return new NexusError('TIMEOUT', 'the time was over before the subscription was known to others')
}
