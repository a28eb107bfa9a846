import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { RPC } from '@libp2p/gossipsub/message'
import { RejectReason } from '@libp2p/gossipsub/types'
import type { Logger, PeerId } from '@libp2p/interface'
import { concat } from 'uint8arrays/concat'
import { signatures as bestSignatures, type Signatures } from '../../../identity/signatures.ts'
import { byteText } from '../../../lib/byte-text.ts'
import type { GossipsubInternals } from '../../gossipsub/gossipsub-internals.ts'
import { MessageForwarder } from './message-forwarder.ts'
import { isPlain, type PlainMessage, SignatureCheck } from './signature-check.ts'

export interface MessageReceiverInit {
  router: GossipsubInternals
  /** Default: the best there is here. */
  signatures?: Signatures
  /** Told of each message that has passed, of topics that this block subscribes to; as it came, unless gossipsub itself has checked it. */
  onMessage: (message: Message, raw?: RPC.Message) => void
  log: Logger
}

/**
 * Has a message checked, handed on and forwarded: what gossipsub does in `handleReceivedMessage`, in one go as long as
 * nothing needs waiting, and with the keys of senders kept. A message that is not written as members write it is left
 * to gossipsub.
 */
export class MessageReceiver {
  readonly #router: GossipsubInternals
  readonly #onMessage: MessageReceiverInit['onMessage']
  readonly #signatures: SignatureCheck
  readonly #forwarder: MessageForwarder
  readonly #handle: GossipsubInternals['handleReceivedMessage']
  /** When the last message of a sender is concluded of which some check has not ended yet: those behind it wait. */
  readonly #tails = new Map<string, Promise<void>>()

  constructor({ router, signatures = bestSignatures, onMessage, log }: MessageReceiverInit) {
    this.#router = router
    this.#onMessage = onMessage
    this.#signatures = new SignatureCheck(signatures)
    this.#forwarder = new MessageForwarder({ router, log })
    this.#handle = router.handleReceivedMessage.bind(router)
    router.addEventListener('message', this.#onEvent)
  }

  stop(): void {
    this.#router.removeEventListener('message', this.#onEvent)
  }

  /** Never throws or rejects. `source` is the neighbour that the message came from. */
  receive(source: PeerId, message: RPC.Message): undefined | Promise<void> {
    if (!isPlain(message)) {
      return this.#handle(source, message)
    }

    const { fastMsgIdFn, fastMsgIdCache } = this.#router
    const known = fastMsgIdCache.get(fastMsgIdFn(message))

    if (known !== undefined) {
      return this.#onRepeat(source, message, known)
    }

    const before = this.#tails.size === 0 ? undefined : this.#tails.get(byteText(message.from))
    const checked = this.#signatures.check(message)
    const received =
      checked instanceof Promise
        ? checked.then((signed) => this.#onChecked(source, message, signed, before))
        : this.#onChecked(source, message, checked, before)
    return received === undefined ? undefined : this.#keepOrder(byteText(message.from), received)
  }

  #keepOrder(sender: string, received: Promise<void>): Promise<void> {
    const end = (): void => {
      if (this.#tails.get(sender) === tail) {
        this.#tails.delete(sender)
      }
    }
    const tail = received.then(end, end)
    this.#tails.set(sender, tail)
    return tail
  }

  #onChecked(
    source: PeerId,
    message: PlainMessage,
    signed: Message | undefined,
    before: Promise<void> | undefined
  ): undefined | Promise<void> {
    const { fastMsgIdFn, fastMsgIdCache, msgIdToStrFn, seenCache, score, topicValidators } = this.#router

    if (signed === undefined) {
      score.rejectInvalidMessage(source.toString(), message.topic)
      return undefined
    }

    const msgId = concat([message.from, message.seqno])
    const msgIdStr = msgIdToStrFn(msgId)
    fastMsgIdCache.put(fastMsgIdFn(message), msgIdStr)

    if (seenCache.has(msgIdStr)) {
      return this.#onRepeat(source, message, msgIdStr)
    }

    seenCache.put(msgIdStr)
    this.#tellIfLarge(source, message, msgId)
    const id = { msgId, msgIdStr }
    const verdict = topicValidators.get(message.topic)?.(source, signed) ?? TopicValidatorResult.Ignore
    return verdict instanceof Promise || before !== undefined
      ? Promise.all([verdict, before]).then(([result]) => this.#conclude(source, message, signed, id, result))
      : this.#conclude(source, message, signed, id, verdict)
  }

  #conclude(
    source: PeerId,
    message: PlainMessage,
    signed: Message,
    id: { msgId: Uint8Array; msgIdStr: string },
    verdict: TopicValidatorResult
  ): undefined {
    const { score, gossipTracer, mcache, subscriptions } = this.#router
    const from = source.toString()
    const { msgIdStr } = id

    if (verdict !== TopicValidatorResult.Accept) {
      const reason = verdict === TopicValidatorResult.Ignore ? RejectReason.Ignore : RejectReason.Reject
      score.rejectMessage(from, msgIdStr, message.topic, reason)
      gossipTracer.rejectMessage(msgIdStr, reason)
      return
    }

    score.validateMessage(msgIdStr)
    gossipTracer.deliverMessage(msgIdStr)
    mcache.put(id, message, true)

    if (subscriptions.has(message.topic)) {
      this.#onMessage(signed, message)
    }
    this.#forwarder.forward(msgIdStr, message, from)
  }

  /** Of what gossipsub itself has checked. */
  readonly #onEvent = ({ detail }: CustomEvent<Message>): void => this.#onMessage(detail)

  #onRepeat(source: PeerId, { topic }: PlainMessage, msgIdStr: string): undefined {
    const { score, gossipTracer, mcache } = this.#router
    const from = source.toString()
    score.duplicateMessage(from, msgIdStr, topic)
    gossipTracer.deliverMessage(msgIdStr, true)
    mcache.observeDuplicate(msgIdStr, from)
  }

  /** Tells the other neighbours that they need not send a large message. */
  #tellIfLarge(source: PeerId, { data, topic }: PlainMessage, msgId: Uint8Array): void {
    if ((data?.byteLength ?? 0) >= this.#router.opts.idontwantMinDataSize) {
      this.#router.sendIDontWants(msgId, topic, source.toString())
    }
  }
}
