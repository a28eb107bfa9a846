import type { Logger } from '@libp2p/interface'
import { MAX_SYSTEM_BODY_BYTES } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { type Lease, verifyLease } from '../../identity/lease.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import type { Clock, Json } from '../../types.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { LEASE_TOPIC_PREFIX, leaseTopic } from '../gossip/topic-names.ts'
import { MAX_LEASES_IN_ANSWER, readApp, readLeases } from '../system/command-bodies.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import type { LeaseBook } from './lease-book.ts'

/** The tokens in one answer, in characters: what is around them fits into the rest of a system body. */
const MAX_ANSWER_LENGTH = MAX_SYSTEM_BODY_BYTES - 64 * 1024
/** A connected peer that does not tell its leases in this time is left out. */
const ASK_TIMEOUT_MS = 2_000

export interface LeaseExchangeInit {
  network: string
  verifier: CertificateVerifier
  book: LeaseBook
  gossip: SignedGossip
  system: SystemCalls
  clock: Clock
  log: Logger
}

/** A byte order mark stays, and makes a lease none. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** The lease that a gossip message carries. Rejects with `REFUSED` for one on the topic of another app too. */
export async function leaseIn(
  { topic, certificate, payload }: Pick<SignedMessage, 'topic' | 'certificate' | 'payload'>,
  { network, clock }: { network: string; clock: Clock }
): Promise<Lease> {
  if (topic !== leaseTopic(network, certificate.app)) {
    throw new NexusError('REFUSED', `${certificate.jid} announced itself as a worker of another app`, {
      reason: 'BAD_CLAIM'
    })
  }

  return verifyLease(decoder.decode(payload), certificate, clock())
}

/**
 * Brings leases into the book: from gossip, where every hop checks them, and from peers that are asked for theirs. A
 * lease carries its worker's own signature and certificate, so it may come from anybody.
 */
export class LeaseExchange {
  readonly #init: LeaseExchangeInit

  constructor(init: LeaseExchangeInit) {
    this.#init = init
    init.gossip.addCheck(LEASE_TOPIC_PREFIX, async (topic, certificate, payload) => {
      init.book.take(certificate, await leaseIn({ topic, certificate, payload }, init))
    })
    init.system.serve('$leases', (body) => this.#answer(body))
  }

  /** Asks a peer for the leases of an app that it knows. Gives whether it answered; never rejects. */
  async ask(peerId: string, app: string, signal?: AbortSignal): Promise<boolean> {
    const { system, log } = this.#init

    try {
      const answer = await system.call(peerId, '$leases', { app }, { timeoutMs: ASK_TIMEOUT_MS, signal })
      await Promise.all(readLeases(answer).map((pair) => this.#take(app, pair)))
      return true
    } catch (error) {
      log('%s told no leases of %s: %e', peerId, app, error)
      return false
    }
  }

  async #take(app: string, [token, certificateToken]: [string, string]): Promise<void> {
    const { verifier, clock, book, log } = this.#init

    try {
      const certificate = await verifier.verify(certificateToken)

      if (certificate.app === app) {
        book.take(certificate, await verifyLease(token, certificate, clock()))
      }
    } catch (error) {
      log('a lease was refused: %e', error)
    }
  }

  #answer(body: Json): Json {
    const { app } = readApp(body)
    const leases: Array<[string, string]> = []
    let length = 0

    for (const { lease, certificate } of this.#init.book.live(app)) {
      if (lease === undefined) {
        continue
      }

      length += lease.token.length + certificate.token.length

      if (length > MAX_ANSWER_LENGTH || leases.length === MAX_LEASES_IN_ANSWER) {
        break
      }

      leases.push([lease.token, certificate.token])
    }

    return { leases }
  }
}
