import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { Logger, PeerId } from '@libp2p/interface'
import { GOSSIP_MAX_AGE_MS } from '../../constants.ts'
import { type IdentityFailure, NexusError } from '../../errors.ts'
import type { Certificate } from '../../identity/certificate.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import { toError } from '../../lib/to-error.ts'
import { GossipEnvelope } from '../pb/gossip.ts'
import type { Refusal } from './refused-messages.ts'

/** A gossip message whose sender is proven. */
export interface SignedMessage {
  topic: string
  /** The sender's. */
  certificate: Certificate
  payload: Uint8Array
  /** When it was sent, by the sender's clock (ms since 1970). */
  time: number
  /** It may have lain unread here, as this process stood still. */
  mayHaveWaited: boolean
}

/** Throws, or rejects, for a message that must not go on. */
export type GossipCheck = (topic: string, certificate: Certificate, payload: Uint8Array) => void | Promise<void>

/**
 * What does not depend on who checks it, and when: clocks, roots and revocation lists differ among honest members, and
 * later versions may know more claims.
 */
const FAULTS: ReadonlySet<IdentityFailure | undefined> = new Set<IdentityFailure>([
  'NO_CERTIFICATE',
  'TOO_LARGE',
  'BAD_HEADER',
  'BAD_SIGNATURE',
  'WRONG_NETWORK',
  'WRONG_KEY'
])

export interface MessageValidatorInit {
  /** This block's peer id. */
  self: string
  verifier: CertificateVerifier
  /** A message was neither delivered nor forwarded, for what it is. */
  onRefused?: (refusal: Refusal) => void
  /** A neighbour sent what no honest one sends or forwards. */
  onFault?: (peerId: string) => void
  /** Whether messages of this topic are wanted here, more than to be forwarded. Default of none. */
  receives?: (topic: string) => boolean
  /** A message that is wanted was refused for its time alone: its sender is proven. */
  onLate?: (message: SignedMessage) => void
  /** Whether what comes from this neighbour now may have lain unread. Default never. */
  mayHaveWaited?: (source: PeerId) => boolean
  log: Logger
}

/**
 * The topic validator of all topics: a message passes that is signed by the key that its certificate is bound to,
 * with a certificate that holds now, within the last minute.
 *
 * The answer is never `Ignore` for want of a certificate: gossipsub counts an ignored message as seen, so it would be
 * lost. What needs no waiting is answered at once.
 */
export class MessageValidator {
  readonly #init: MessageValidatorInit
  readonly #checks: Array<{ prefix: string; check: GossipCheck }> = []
  readonly #passed = new WeakMap<Message, SignedMessage>()

  constructor(init: MessageValidatorInit) {
    this.#init = init
  }

  add(prefix: string, check: GossipCheck): void {
    this.#checks.push({ prefix, check })
  }

  /** Never throws or rejects. `source` is the neighbour that the message came from. */
  check(source: PeerId, message: Message): TopicValidatorResult | Promise<TopicValidatorResult> {
    try {
      const from = senderOf(message)

      // What a peer sends back, perhaps from before this block's restart: no fault of that peer, and of no use.
      if (from === this.#init.self) {
        return TopicValidatorResult.Ignore
      }

      const envelope = decode(message.data)
      const { certificate: token, time } = envelope

      // It may be the clock of its sender that is wrong, or of this block: that is no fault of the neighbour's.
      if (!(Math.abs(this.#init.verifier.clock() - time) <= GOSSIP_MAX_AGE_MS)) {
        this.#init.log('a message of %s from %s is over a minute off', message.topic, from)
        this.#tellRefused(source, message, 'it is over a minute off')
        void this.#tellLate(message, from, envelope)
        return TopicValidatorResult.Ignore
      }

      const mayHaveWaited = this.#init.mayHaveWaited?.(source) === true
      const pass = (certificate: Certificate) =>
        this.#pass(message, signed(message, certificate, envelope, mayHaveWaited))
      const known = this.#init.verifier.verifyCached(token, from)
      const passing =
        known === undefined
          ? this.#init.verifier.verify(token, from).then((certificate) => pass(certificate))
          : pass(known)

      return passing instanceof Promise
        ? passing.catch((error: unknown) => this.#reject(source, message, error))
        : passing
    } catch (error) {
      return this.#reject(source, message, error)
    }
  }

  /** The content of a message that passed. */
  take(message: Message): SignedMessage | undefined {
    return this.#passed.get(message)
  }

  #pass(message: Message, checked: SignedMessage): TopicValidatorResult | Promise<TopicValidatorResult> {
    const { topic, certificate, payload } = checked
    const accept = (): TopicValidatorResult => {
      this.#passed.set(message, checked)
      return TopicValidatorResult.Accept
    }
    const results = this.#checks
      .filter(({ prefix }) => topic.startsWith(prefix))
      .map(({ check }) => check(topic, certificate, payload))
      .filter((result) => result instanceof Promise)

    return results.length === 0 ? accept() : Promise.all(results).then(accept)
  }

  async #tellLate(message: Message, from: string, envelope: GossipEnvelope): Promise<void> {
    const { receives, onLate, verifier, log } = this.#init

    if (receives?.(message.topic) === true) {
      try {
        const certificate = await verifier.verify(envelope.certificate, from)
        onLate?.(signed(message, certificate, envelope, false))
      } catch (error) {
        log('nothing is told of a message of %s from %s: %e', message.topic, from, error)
      }
    }
  }

  #tellRefused(source: PeerId, message: Message, why: string): void {
    const from = message.type === 'signed' ? { from: message.from.toString() } : {}
    this.#init.onRefused?.({ peerId: source.toString(), ...from, topic: message.topic, message: why })
  }

  #reject(source: PeerId, message: Message, error: unknown): TopicValidatorResult {
    const from = message.type === 'signed' ? message.from : undefined
    this.#init.log('refused a message of %s from %p through %p: %e', message.topic, from, source, error)
    this.#tellRefused(source, message, whyOf(error))

    if (
      error instanceof BadEnvelope ||
      (error instanceof NexusError && isFault(error, from?.equals(source) === true))
    ) {
      this.#init.onFault?.(source.toString())
    }
    return TopicValidatorResult.Reject
  }
}

function signed(
  { topic }: Message,
  certificate: Certificate,
  { payload, time }: GossipEnvelope,
  mayHaveWaited: boolean
): SignedMessage {
  return { topic, certificate, payload, time, mayHaveWaited }
}

class BadEnvelope extends Error {}

function decode(data: Uint8Array): GossipEnvelope {
  try {
    return GossipEnvelope.decode(data)
  } catch (cause) {
    throw new BadEnvelope('not a gossip envelope', { cause })
  }
}

function whyOf(error: unknown): string {
  const { message } = toError(error)
  return error instanceof NexusError && error.reason !== undefined ? `${error.reason}: ${message}` : message
}

// While the roots change, a forwarder may trust one that is not known here yet. Its own certificate was checked.
function isFault({ reason }: NexusError, isOwn: boolean): boolean {
  return FAULTS.has(reason) || (reason === 'WRONG_ROOT' && isOwn)
}

function senderOf(message: Message): string {
  if (message.type !== 'signed') {
    throw new NexusError('INVALID', 'a gossip message without a signature')
  }
  return message.from.toString()
}
