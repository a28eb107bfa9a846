import { RPC } from '@libp2p/gossipsub/message'
import { GOSSIP_MAX_AGE_MS } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { signatures as bestSignatures, type Signatures } from '../../identity/signatures.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import { isPlain, SignatureCheck } from '../gossip/messages/signature-check.ts'
import { GossipEnvelope } from '../pb/gossip.ts'
import { numbersIn, type RangeIndex } from './history-question.ts'
import type { KeptInit } from './kept-message.ts'

export interface MessageCheckInit {
  verifier: CertificateVerifier
  /** Default: the best there is here. */
  signatures?: Signatures
}

/** A message that somebody kept, whose sender is proven. */
export interface ProvenMessage {
  kept: KeptInit
  message: SignedMessage
}

/**
 * Checks messages that somebody kept, who needs not be believed: the sender's signature, its certificate, which must
 * have held when the message was sent, and what is known of revocations now.
 */
export class MessageCheck {
  readonly #verifier: CertificateVerifier
  readonly #signatures: SignatureCheck

  constructor({ verifier, signatures = bestSignatures }: MessageCheckInit) {
    this.#verifier = verifier
    this.#signatures = new SignatureCheck(signatures)
  }

  /** Rejects with `INVALID` or `REFUSED` for what no honest keeper hands over, or was not asked for. */
  async check(bytes: Uint8Array, topic: string, asked: RangeIndex): Promise<ProvenMessage> {
    // A copy: else each message would keep all that came with it in memory.
    const raw = RPC.Message.decode(new Uint8Array(bytes))

    if (raw.topic !== topic || !isPlain(raw)) {
      throw new NexusError('INVALID', 'not a signed message of this topic')
    }

    const signed = await this.#signatures.check(raw)

    if (signed?.type !== 'signed') {
      throw new NexusError('INVALID', 'its signature does not hold')
    }

    const sender = signed.from.toString()
    const { certificate: token, payload, time } = GossipEnvelope.decode(signed.data)
    const numbers = numbersIn(sender, payload)

    if (numbers === undefined || !asked.asksFor(numbers, time)) {
      throw new NexusError('INVALID', 'not what was asked for')
    }

    if (!(time <= this.#verifier.clock() + GOSSIP_MAX_AGE_MS)) {
      throw new NexusError('INVALID', 'it is from the future')
    }

    const certificate = await this.#verifier.verifyAt(token, sender, time)
    return {
      kept: { message: raw, sender, user: certificate.uid, time },
      message: { topic, certificate, payload, time, mayHaveWaited: true }
    }
  }
}
