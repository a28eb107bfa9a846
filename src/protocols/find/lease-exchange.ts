import type { Logger } from '@libp2p/interface'
import { MAX_SYSTEM_BODY_BYTES } from '../../constants.ts'
import { NexusError } from '../../errors.ts'
import { type Lease, verifyLease } from '../../identity/lease.ts'
import type { CertificateVerifier } from '../../identity/verifier.ts'
import { waitUntilAborted } from '../../lib/abort.ts'
import type { Clock, Json } from '../../types.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { LEASE_TOPIC_PREFIX, leaseTopic } from '../gossip/topic-names.ts'
import {
  type LeasesQuestion,
  MAX_LEASES_IN_ANSWER,
  readLeases,
  readLeasesQuestion,
  type ToldLease
} from '../system/command-bodies.ts'
import type { SystemCalls } from '../system/system-calls.ts'
import { byChance } from './candidates.ts'
import type { LeaseBook, LeaseEntry } from './lease-book.ts'

/** The tokens in one answer, in characters: what is around them fits into the rest of a system body. */
const MAX_ANSWER_LENGTH = MAX_SYSTEM_BODY_BYTES - 64 * 1024
/** A connected peer that does not tell its leases in this time is left out. */
const ASK_TIMEOUT_MS = 2_000
/** Answers that are asked for one after the other: as many leases as a book keeps. */
const MAX_PAGES = 500
/** Leases in an answer to who asks for the next ones: so many are sent and checked soon, also on a busy machine. */
const LEASES_IN_PAGE = 100
/** How long one that asks others first for who asks it may take. */
const ASK_ON_MS = 1_000

export interface LeaseExchangeInit {
  network: string
  verifier: CertificateVerifier
  book: LeaseBook
  gossip: SignedGossip
  system: SystemCalls
  clock: Clock
  /** Milliseconds, never running backwards. */
  now: () => number
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
  #relaysFor: (app: string) => string[] = () => []

  constructor(init: LeaseExchangeInit) {
    this.#init = init
    init.gossip.addCheck(LEASE_TOPIC_PREFIX, async (topic, certificate, payload) => {
      init.book.take(certificate, await leaseIn({ topic, certificate, payload }, init))
    })
    init.system.serve('$leases', (body) => this.#answer(readLeasesQuestion(body)))
  }

  /** Whom to ask for the leases of an app that this block does not check, for a peer that has no relay of its own. */
  askOn(relaysFor: (app: string) => string[]): void {
    this.#relaysFor = relaysFor
  }

  /**
   * Asks a peer for the leases of an app that it knows, however many. `alone`: this block is connected to no relay. Gives
   * whether it answered; never rejects.
   */
  async ask(peerId: string, app: string, signal?: AbortSignal, alone = false): Promise<boolean> {
    let after = ''

    try {
      for (let page = 0; page < MAX_PAGES; page++) {
        const question = { app, after, ...(alone ? { alone } : {}) }
        const answer = await this.#init.system.call(peerId, '$leases', question, { timeoutMs: ASK_TIMEOUT_MS, signal })
        const { leases, next } = readLeases(answer)
        // Told in one order to all, of whom each is to connect to others.
        await Promise.all(byChance(leases, Math.random).map((told) => this.#take(app, told)))

        if (next === undefined || leases.length === 0) {
          break
        }
        after = next
      }
      return true
    } catch (error) {
      this.#init.log('%s told no leases of %s: %e', peerId, app, error)
      return after !== ''
    }
  }

  async #take(app: string, told: ToldLease): Promise<void> {
    const { verifier, clock, book, log } = this.#init

    try {
      const certificate = await verifier.verify(told.certificate)

      if (certificate.app === app) {
        book.take(certificate, await verifyLease(told.lease, certificate, clock()), told.leftMs)
      }
    } catch (error) {
      log('a lease was refused: %e', error)
    }
  }

  async #answer(question: LeasesQuestion): Promise<Json> {
    const { app, after, alone = false } = question

    if (alone) {
      const asked = this.#relaysFor(app).map((relay) => this.ask(relay, app))
      await waitUntilAborted(Promise.all(asked), AbortSignal.timeout(ASK_ON_MS))
    }

    const all = this.#init.book.live(app).filter(({ lease }) => lease !== undefined)
    const left = all.filter(({ worker }) => worker.peerId > (after ?? '')).sort(byPeerId)
    const page = firstOf(left, after === undefined ? MAX_LEASES_IN_ANSWER : LEASES_IN_PAGE)
    const answer = { leases: page.map((entry) => this.#textsOf(entry)), total: all.length }
    return page.length < left.length ? { ...answer, next: page.at(-1)!.worker.peerId } : answer
  }

  #textsOf({ lease, certificate, expiresAt }: LeaseEntry): string[] {
    return [lease!.token, certificate.token, String(Math.max(0, Math.ceil(expiresAt - this.#init.now())))]
  }
}

function byPeerId({ worker: one }: LeaseEntry, { worker: other }: LeaseEntry): number {
  return one.peerId < other.peerId ? -1 : 1
}

/** As many as fit into one answer. */
function firstOf(entries: LeaseEntry[], max: number): LeaseEntry[] {
  let length = 0
  const tooMany = entries.findIndex(({ lease, certificate }, index) => {
    length += lease!.token.length + certificate.token.length
    return length > MAX_ANSWER_LENGTH || index === max
  })
  return tooMany === -1 ? entries : entries.slice(0, tooMany)
}
