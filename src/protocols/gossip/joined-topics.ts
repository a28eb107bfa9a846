import type { TopicValidatorFn } from '@libp2p/gossipsub'
import type { Logger } from '@libp2p/interface'
import { NexusError } from '../../errors.ts'
import type { GossipsubInternals } from '../gossipsub/gossipsub-internals.ts'
import { Leavers } from '../gossipsub/leavers.ts'
import { type SignedMessageHandler, TopicHandlers } from './topic-handlers.ts'

export interface JoinedTopicsInit {
  router: GossipsubInternals
  /** Checks each message of a topic before it is handed on. */
  validate: TopicValidatorFn
  log: Logger
}

/** The topics that this block takes part in: joined with the first that wants one, left with the last. */
export class JoinedTopics extends TopicHandlers {
  readonly #router: GossipsubInternals
  readonly #validate: TopicValidatorFn
  readonly #leavers: Leavers

  constructor({ router, validate, log }: JoinedTopicsInit) {
    super(log)
    this.#router = router
    this.#validate = validate
    this.#leavers = new Leavers(router)
  }

  /** Gives whether it is the first of this topic. Throws `STOPPED` when gossip is not running. */
  join(topic: string, handler: SignedMessageHandler | undefined): boolean {
    const isFirst = !this.has(topic)

    if (isFirst) {
      this.#subscribe(topic)
    }
    this.add(topic, handler)
    return isFirst
  }

  /** Gives whether it was the last of this topic. */
  leave(topic: string, handler: SignedMessageHandler | undefined): boolean {
    const isLast = this.remove(topic, handler) && !this.has(topic)

    if (isLast) {
      if (this.#router.isStarted()) {
        this.#leavers.leave(topic)
      }
      this.#router.topicValidators.delete(topic)
    }
    return isLast
  }

  /** Leaves all. */
  stop(): void {
    for (const topic of this.clear()) {
      if (this.#router.isStarted()) {
        this.#router.unsubscribe(topic)
      }
      this.#router.topicValidators.delete(topic)
    }
    this.#leavers.stop()
  }

  #subscribe(topic: string): void {
    // Before the topic is subscribed, so that no message of it can arrive unchecked.
    this.#router.topicValidators.set(topic, this.#validate)

    try {
      this.#router.subscribe(topic)
    } catch (cause) {
      this.#router.topicValidators.delete(topic)
      throw new NexusError('STOPPED', 'gossip is not running', { cause })
    }
  }
}
