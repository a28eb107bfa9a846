import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import type { Logger, PeerId } from '@libp2p/interface'
import { GOSSIP_MAX_AGE_MS } from '../../constants.ts'
import { type IdentityFailure, NexusError } from '../../errors.ts'
import type { Certificate } from '../../identity/certificate.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import { GossipEnvelope } from '../pb/gossip.ts'

/** A gossip message whose sender is proven. */
export interface SignedMessage {
  topic: string
  /** The sender's. */
  certificate: Certificate
  payload: Uint8Array
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
  /** A neighbour sent what no honest one sends or forwards. */
  onFault?: (peerId: string) => void
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

      const { certificate: token, payload, time } = decode(message.data)

      // It may be the clock of its sender that is wrong, or of this block: that is no fault of the neighbour's.
      if (!(Math.abs(this.#init.verifier.clock() - time) <= GOSSIP_MAX_AGE_MS)) {
        this.#init.log('a message of %s from %s is over a minute off', message.topic, from)
        return TopicValidatorResult.Ignore
      }

      const known = this.#init.verifier.verifyCached(token, from)
      const passing =
        known === undefined
          ? this.#init.verifier.verify(token, from).then((certificate) => this.#pass(message, certificate, payload))
          : this.#pass(message, known, payload)

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

  #pass(
    message: Message,
    certificate: Certificate,
    payload: Uint8Array
  ): TopicValidatorResult | Promise<TopicValidatorResult> {
    const { topic } = message
    const accept = (): TopicValidatorResult => {
      this.#passed.set(message, { topic, certificate, payload })
      return TopicValidatorResult.Accept
    }
    const results = this.#checks
      .filter(({ prefix }) => topic.startsWith(prefix))
      .map(({ check }) => check(topic, certificate, payload))
      .filter((result) => result instanceof Promise)

    return results.length === 0 ? accept() : Promise.all(results).then(accept)
  }

  #reject(source: PeerId, message: Message, error: unknown): TopicValidatorResult {
    const from = message.type === 'signed' ? message.from : undefined
    this.#init.log('refused a message of %s from %p through %p: %e', message.topic, from, source, error)

    if (
      error instanceof BadEnvelope ||
      (error instanceof NexusError && isFault(error, from?.equals(source) === true))
    ) {
      this.#init.onFault?.(source.toString())
    }
    return TopicValidatorResult.Reject
  }
}

class BadEnvelope extends Error {}

function decode(data: Uint8Array): GossipEnvelope {
  try {
    return GossipEnvelope.decode(data)
  } catch (cause) {
    throw new BadEnvelope('not a gossip envelope', { cause })
  }
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
