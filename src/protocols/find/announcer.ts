import type { Logger } from '@libp2p/interface'
import { fromString } from 'uint8arrays/from-string'
import type { Certificate } from '../../identity/certificate.ts'
import { identityOf } from '../../identity/certificate.ts'
import { type LeaseEvent, signLease } from '../../identity/lease.ts'
import { anyOf } from '../../lib/abort.ts'
import { Allowances } from '../../lib/allowances.ts'
import { Backoff } from '../../lib/backoff.ts'
import { now } from '../../lib/now.ts'
import type { Clock, Ed25519PrivateKey } from '../../types.ts'
import type { SignedGossipEvents } from '../gossip/gossip-events.ts'
import type { SignedGossip } from '../gossip/signed-gossip.ts'
import { leaseTopic } from '../gossip/topic-names.ts'
import type { LeaseBook } from './lease-book.ts'
import type { ProviderRecords } from './provider-records.ts'
import { type Renewal, renewalOf } from './renewal.ts'

/** One round of publishing provider records. */
const PROVIDE_TIMEOUT_MS = 10_000
/** A round that no server took is repeated after this time, then after twice that, and so on. */
const FIRST_PROVIDE_RETRY_MS = 250
const MAX_PROVIDE_RETRY_MS = 10_000

/** Newcomers of this time are greeted together. */
const GREETING_DELAY_MS = 50
/**
 * All who follow the app get each greeting: while a hundred workers start they would get some thousands. Newcomers ask
 * for leases, too.
 */
const GREETINGS = { burst: 5, perSecond: 1 }
const LATE_GREETING_DELAY_MS = 1_000
/** The more workers, the longer: of the time until the next lease it is this part. */
const LATE_GREETING_PART = 1 / 5
/** Who was told that somebody follows the app for whom leases hold 15 s is told again in half of this time. */
const HURRY_MS = 60_000

export interface AnnouncerInit {
  privateKey: Ed25519PrivateKey
  certificate: () => Certificate
  /** `false`: no lease is gossiped, and the records are those that the own user and the app's owner look for. */
  isPublic: boolean
  gossip: SignedGossip
  book: LeaseBook
  /** Absent where the platform takes no part in the DHT. */
  providers: ProviderRecords | undefined
  /** Where this worker can be dialled, as multiaddrs. */
  addresses: () => string[]
  /** Calls that it serves now. */
  load: () => number
  /** Live workers of the app, as far as this block has heard. */
  workers: () => number
  /** Whether a connected peer knows leases that say how long they hold. */
  knowsHold: (peerId: string) => boolean
  clock: Clock
  log: Logger
}

/** Says that this worker is live: signed leases on its app's topic, and provider records in the DHT. */
export class Announcer {
  readonly #init: AnnouncerInit
  readonly #stopping = new AbortController()
  readonly #topic: string
  #version = 0
  #renewal: Renewal
  #hurriedUntil = Number.NEGATIVE_INFINITY
  /** Nobody was there yet to hear that this worker has come: it is said until somebody is. */
  #isJoinUnheard = false
  #greeting: ReturnType<typeof setTimeout> | undefined
  readonly #greetings = new Allowances(now, 1)
  #timer: ReturnType<typeof setTimeout> | undefined
  #providing: Promise<void> | undefined
  #provideTimer: ReturnType<typeof setTimeout> | undefined
  #provideAgain = false
  readonly #provideBackoff = new Backoff(FIRST_PROVIDE_RETRY_MS, MAX_PROVIDE_RETRY_MS)

  constructor(init: AnnouncerInit) {
    this.#init = init
    this.#topic = leaseTopic(init.certificate().network, init.certificate().app)
    this.#renewal = this.#nextRenewal()
  }

  start(): void {
    if (this.#init.isPublic) {
      this.#init.gossip.join(this.#topic)
      this.#init.gossip.addEventListener('subscription', this.#onSubscription)
    }

    this.announce('join')
  }

  /** Says it again now: to a relay that was just connected, or with new addresses. */
  announce(event: LeaseEvent = 'renew'): void {
    // After its goodbye it would come back.
    if (this.#stopping.signal.aborted) {
      return
    }

    this.#renew(event)
    this.#provideBackoff.reset()
    this.#provide()
  }

  /** Somebody who is not connected to this block follows the app, and takes each lease to hold for 15 s. */
  hurry(): void {
    const isHurried = this.#isHurried
    this.#hurriedUntil = now() + HURRY_MS

    if (!isHurried && !this.#stopping.signal.aborted) {
      this.#renew('renew')
    }
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    clearTimeout(this.#greeting)
    clearTimeout(this.#provideTimer)
    this.#greeting = undefined
    this.#stopping.abort()
    this.#init.gossip.removeEventListener('subscription', this.#onSubscription)
    const { providers, certificate, isPublic, gossip } = this.#init
    await this.#publish('leave')

    if (isPublic) {
      gossip.leave(this.#topic)
    }

    await this.#providing
    await providers?.withdraw(identityOf(certificate()), isPublic)
  }

  // Whoever has just joined the topic has missed the last lease.
  readonly #onSubscription = ({ detail }: SignedGossipEvents['subscription']): void => {
    if (detail.topic === this.#topic && detail.subscribed && this.#greeting === undefined) {
      const patienceMs = this.#init.knowsHold(detail.peerId) ? this.#renewal.afterMs * LATE_GREETING_PART : 0
      const lateMs = Math.max(LATE_GREETING_DELAY_MS, patienceMs)
      const isSoon = this.#greetings.take(this.#topic, 1, GREETINGS)
      this.#greeting = setTimeout(
        () => {
          this.#greeting = undefined
          this.#renew('renew')
        },
        isSoon ? GREETING_DELAY_MS : lateMs
      )
    }
  }

  get #isHurried(): boolean {
    const { gossip, knowsHold } = this.#init
    return now() < this.#hurriedUntil || !gossip.subscribers(this.#topic).every(knowsHold)
  }

  #nextRenewal(): Renewal {
    return renewalOf({ workers: this.#init.workers(), isHurried: this.#isHurried, random: Math.random })
  }

  /** Says it now, and again in time. */
  #renew(event: LeaseEvent): void {
    clearTimeout(this.#timer)
    this.#renewal = this.#nextRenewal()
    void this.#publish(event)

    if (!this.#stopping.signal.aborted && this.#init.isPublic) {
      this.#timer = setTimeout(() => this.#renew('renew'), this.#renewal.afterMs)
    }
  }

  async #publish(event: LeaseEvent): Promise<void> {
    const { privateKey, certificate, isPublic, gossip, book, addresses, load, clock, log } = this.#init

    if (!isPublic) {
      return
    }

    try {
      const issuedAt = clock()
      this.#version = Math.max(issuedAt, this.#version + 1)
      const said = event === 'renew' && this.#isJoinUnheard ? 'join' : event
      const { holdMs } = this.#renewal
      const holds = holdMs === undefined ? {} : { holdMs }
      const lease = { event: said, version: this.#version, addresses: addresses(), load: load(), ...holds }
      const token = await signLease({ privateKey, certificate: certificate() }, { ...lease, issuedAt })
      // Peers that ask this worker for leases are told its own.
      book.take(certificate(), { ...lease, token })
      const heard = await gossip.publish(this.#topic, fromString(token))

      if (said === 'join') {
        this.#isJoinUnheard = heard === 0
      }
    } catch (error) {
      log.error('the lease could not be published: %e', error)
    }
  }

  // One round at a time; a call during a round makes one more. A round that nobody took is repeated.
  #provide(): void {
    const { providers, certificate, isPublic } = this.#init
    clearTimeout(this.#provideTimer)

    if (providers === undefined) {
      return
    }

    if (this.#providing !== undefined || this.#stopping.signal.aborted) {
      this.#provideAgain = true
      return
    }

    const signal = anyOf([this.#stopping.signal, AbortSignal.timeout(PROVIDE_TIMEOUT_MS)])
    this.#provideAgain = false
    this.#providing = providers.provide(identityOf(certificate()), isPublic, signal).then((isTaken) => {
      this.#providing = undefined

      if (this.#provideAgain) {
        this.#provide()
      } else if (!isTaken && !this.#stopping.signal.aborted) {
        this.#provideTimer = setTimeout(() => this.#provide(), this.#provideBackoff.next())
      }
    })
  }
}
