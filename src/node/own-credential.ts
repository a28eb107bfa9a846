import type { Logger } from '@libp2p/interface'
import { TypedEventEmitter } from 'main-event'
import { NexusError } from '../errors.ts'
import type { Certificate } from '../identity/certificate.ts'
import { type Credential, type OpenedCredential, openCredential, parseCredential } from '../identity/credential.ts'
import { warnedFrom } from '../identity/expiry.ts'
import type { RevocationList } from '../identity/revocation-list.ts'
import type { CertificateVerifier } from '../identity/verifier.ts'
import { Backoff } from '../lib/backoff.ts'
import type { Part } from '../lib/lifecycle.ts'
import { reasonOf } from '../lib/reason-of.ts'
import { spanOf } from '../lib/span-of.ts'
import { WallClockTimer } from '../lib/wall-clock-timer.ts'
import type { Clock, Ed25519PrivateKey } from '../types.ts'
import { HeldGrants } from './held-grants.ts'
import type { CredentialSource } from './options.ts'

/** A renewal that failed is tried again after this time, then after twice as long each time, up to the second. */
const FIRST_RETRY_MS = 5_000
const MAX_RETRY_MS = 60_000
/** Before its end, in half of the time that is left: a short certificate must not end while a retry waits. */
const LEAST_RETRY_MS = 500
const RENEWAL_PART = 2 / 3
/** When other roots are trusted, the certificate is renewed within this time: not all at once. */
const ROOTS_SPREAD_MS = 10_000
/** Then again. */
const NEXT_WARNING_MS = 24 * 60 * 60_000
/** A renewal that is due, or under way, makes the warning needless unless it takes longer. */
const RENEWAL_MS = 30_000

export interface OwnCredentialInit {
  source: CredentialSource
  /** Reads a credential file; platforms without files have none. */
  readFile: ((path: string) => Promise<Credential>) | undefined
  clock: Clock
  /** Spreads tries that failed. Default `Math.random`. */
  random?: () => number
  /** After which part of a certificate's time it is renewed. Default two thirds. */
  renewalPart?: (() => number) | undefined
  log: Logger
}

/** What becomes of the certificate. */
export interface CredentialEvents {
  renewed: CustomEvent<Certificate>
  /** It has ended, and could not be renewed so far. */
  expired: CustomEvent<void>
  /** It ends soon: for people, once a day. `null`: no more, as it was renewed or has ended. */
  expiring: CustomEvent<string | null>
  /** A renewal failed: why, for people. `null`: one has succeeded since. */
  failing: CustomEvent<string | null>
}

/** This block's own key, certificate and grants, and how they stay fresh. */
export class OwnCredential extends TypedEventEmitter<CredentialEvents> implements Part {
  readonly #init: OwnCredentialInit
  readonly #opened: OpenedCredential
  #certificate: Certificate
  /** The grants that this block may show. */
  readonly held: HeldGrants
  readonly #timer: WallClockTimer
  readonly #warningTimer: WallClockTimer
  #dueAt = 0
  #isRenewing = false
  #waitsForRenewal = false
  #stopped = false
  readonly #backoff: Backoff

  private constructor(init: OwnCredentialInit, opened: OpenedCredential) {
    super()
    this.#init = init
    this.#opened = opened
    this.#backoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS, init.random)
    this.#certificate = opened.certificate
    this.held = new HeldGrants(opened)
    this.#timer = new WallClockTimer(init.clock, () => void this.#renew())
    this.#warningTimer = new WallClockTimer(init.clock, () => this.#warn())
  }

  /** Loads a credential and verifies it as others would. Rejects with `INVALID` or `REFUSED`. */
  static async open(init: OwnCredentialInit): Promise<OwnCredential> {
    return new OwnCredential(init, await openCredential(await load(init), { clock: init.clock }))
  }

  get privateKey(): Ed25519PrivateKey {
    return this.#opened.privateKey
  }

  get verifier(): CertificateVerifier {
    return this.#opened.verifier
  }

  get revocations(): RevocationList {
    return this.#opened.revocations
  }

  get certificate(): Certificate {
    return this.#certificate
  }

  /**
   * From now on loads the credential again when two thirds of the certificate's time are over (or what `renewalPart`
   * says), and warns of its end when that brings no newer one.
   */
  start(): void {
    // An object stays what it is.
    if (typeof this.#init.source !== 'object') {
      this.#renewInTime()
      this.verifier.trust.onChange(() => this.#renewForRoots())
    }

    this.#warnInTime()
  }

  /** Loads the credential now, unless that is under way. What it fails with is told by `failing`. */
  async renewNow(): Promise<void> {
    if (!this.#isRenewing && !this.#stopped) {
      await this.#renew()
    }
  }

  stop(): void {
    this.#stopped = true
    this.#timer.stop()
    this.#warningTimer.stop()
  }

  #renewInTime(): void {
    const { issuedAt, expiresAt } = this.#certificate
    const part = this.#init.renewalPart?.() ?? RENEWAL_PART
    this.#dueAt = issuedAt + (expiresAt - issuedAt) * part
    this.#schedule(this.#dueAt)
  }

  /** While roots change there may be a certificate of a new one: a file is looked at until it brings a newer one. */
  #renewForRoots(): void {
    const at = this.#init.clock() + ROOTS_SPREAD_MS * (this.#init.random ?? Math.random)()
    this.#schedule(Math.min(at, this.#timer.at))
  }

  #warnInTime(): void {
    if (!this.#stopped) {
      this.#warningTimer.set(warnedFrom(this.#certificate))
    }
  }

  #warn(): void {
    const now = this.#init.clock()
    const { expiresAt } = this.#certificate

    if (now >= expiresAt) {
      this.safeDispatchEvent('expiring', { detail: null })
      this.safeDispatchEvent('expired')
    } else if ((this.#isRenewing || this.#timer.at <= now) && !this.#waitsForRenewal) {
      this.#waitsForRenewal = true
      this.#warningTimer.set(now + RENEWAL_MS)
    } else {
      this.#waitsForRenewal = false
      const message = `the certificate ends in ${spanOf(expiresAt - now)}, on ${new Date(expiresAt).toISOString()}`
      this.#init.log(message)
      this.safeDispatchEvent('expiring', { detail: message })
      this.#warningTimer.set(Math.min(now + NEXT_WARNING_MS, expiresAt))
    }
  }

  #schedule(at: number): void {
    if (!this.#stopped) {
      this.#timer.set(at)
    }
  }

  async #renew(): Promise<void> {
    this.#isRenewing = true
    await this.#tryToRenew()
    this.#isRenewing = false

    if (this.#waitsForRenewal && !this.#stopped) {
      this.#warn()
    }
  }

  async #tryToRenew(): Promise<void> {
    try {
      const { certificate, grants, revocations } = await openCredential(await load(this.#init), this.#init)
      await this.verifier.trust.offerAll(revocations.trust.tokens)

      if (this.#stopped) {
        return
      }

      if (certificate.peerId !== this.#certificate.peerId || certificate.jid !== this.#certificate.jid) {
        throw new NexusError('INVALID', `the renewed credential is of ${certificate.jid}, another block`)
      }

      if (!this.verifier.roots.has(certificate.rootId)) {
        throw new NexusError(
          'INVALID',
          'the renewed certificate is of a root that is not trusted here, and no root set leads to it'
        )
      }

      for (const list of revocations.tokens) {
        await this.revocations.offer(list)
      }

      this.held.load(grants)

      if (certificate.expiresAt > this.#certificate.expiresAt) {
        this.#certificate = certificate
        this.#backoff.reset()
        this.safeDispatchEvent('failing', { detail: null })
        this.safeDispatchEvent('renewed', { detail: certificate })
        this.#renewInTime()
        this.#waitsForRenewal = false
        this.safeDispatchEvent('expiring', { detail: null })
        this.#warnInTime()
        return
      }
    } catch (error) {
      this.#init.log.error('the credential could not be renewed: %e', error)
      this.#tellFailure(error)
    }

    if (this.#init.clock() >= this.#certificate.expiresAt) {
      this.safeDispatchEvent('expired')
    }

    const leftMs = this.#certificate.expiresAt - this.#init.clock()
    const soonMs = leftMs > 0 ? Math.max(leftMs / 2, LEAST_RETRY_MS) : Number.POSITIVE_INFINITY
    // One that was loaded early, for its grants, is due when it was.
    this.#schedule(Math.max(this.#dueAt, this.#init.clock() + Math.min(this.#backoff.next(), soonMs)))
  }

  #tellFailure(error: unknown): void {
    const leftMs = this.#certificate.expiresAt - this.#init.clock()
    const end = leftMs > 0 ? `it ends in ${spanOf(leftMs)}` : 'it has ended'
    this.safeDispatchEvent('failing', { detail: `the certificate could not be renewed, ${end}: ${reasonOf(error)}` })
  }
}

async function load({ source, readFile }: OwnCredentialInit): Promise<Credential> {
  if (typeof source === 'function') {
    return parseCredential(await source())
  }

  if (typeof source === 'object') {
    return parseCredential(source)
  }

  if (readFile === undefined) {
    throw new NexusError('INVALID', 'credential files cannot be read here: pass the credential itself')
  }

  return readFile(source)
}
