import { CERTIFICATE_CACHE_SIZE, MAX_CERTIFICATE_BYTES } from '../constants.ts'
import { LruCache } from '../lib/lru-cache.ts'
import type { Clock } from '../types.ts'
import { type Certificate, readCertificate } from './certificate.ts'
import { checkValidity } from './claims.ts'
import { checkNetwork } from './jid.ts'
import { refused } from './refused.ts'
import type { RevocationList } from './revocation-list.ts'
import { RootTrust } from './root-sets.ts'

export interface CertificateVerifierInit {
  /** The one network whose certificates count. */
  network: string
  /** The peer ids of the root keys that may sign, or how they change. */
  roots: readonly string[] | RootTrust
  clock: Clock
  revocations: RevocationList
  /** Certificates kept, the least recently used leaving first. Default 10,000. */
  cacheSize?: number
}

/**
 * Verifies certificates. The costly part, signature and claims, is done once for each certificate and kept by its
 * token; time, revocation and peer id are checked every time. What was refused is not kept.
 */
export class CertificateVerifier {
  readonly network: string
  /** The root keys that are trusted, and how they change. */
  readonly trust: RootTrust
  readonly revocations: RevocationList
  readonly clock: Clock
  readonly #cache: LruCache<string, Certificate>
  readonly #reading = new Map<string, Promise<Certificate>>()

  /** Throws `INVALID` for a bad network or root. */
  constructor(init: CertificateVerifierInit) {
    this.trust =
      init.roots instanceof RootTrust ? init.roots : new RootTrust({ network: init.network, roots: init.roots })
    this.network = checkNetwork(init.network)
    this.clock = init.clock
    this.revocations = init.revocations
    this.#cache = new LruCache({ max: init.cacheSize ?? CERTIFICATE_CACHE_SIZE })
  }

  get roots(): ReadonlySet<string> {
    return this.trust.roots
  }

  /**
   * What the certificate says, once everything about it holds: the checks of `readCertificate`, then `NOT_YET_VALID`,
   * `EXPIRED`, `REVOKED`, then `WRONG_KEY`. Throws `REFUSED` with the first of these that fails.
   *
   * @param expectedPeerId who was proven to be showing it. Without it the caller compares `peerId` itself.
   */
  async verify(token: string, expectedPeerId?: string): Promise<Certificate> {
    const known = this.#known(token)
    const certificate = known ?? (await this.#read(token))
    this.check(certificate)
    if (known === undefined) {
      this.#cache.set(token, certificate)
    }
    checkKey(certificate, expectedPeerId)
    return certificate
  }

  /**
   * The same at once for a certificate that was verified before; `undefined` for one that is not known. Throws
   * `REFUSED` when it is known and no longer holds, or is not this peer's.
   */
  verifyCached(token: string, expectedPeerId?: string): Certificate | undefined {
    const certificate = this.#known(token)
    if (certificate !== undefined) {
      this.check(certificate)
      checkKey(certificate, expectedPeerId)
    }
    return certificate
  }

  /**
   * The same of a certificate that was shown at another time: it must have held then, and not be revoked by what is
   * known now. Throws `REFUSED`.
   *
   * @param time ms since 1970
   */
  async verifyAt(token: string, expectedPeerId: string, time: number): Promise<Certificate> {
    const known = this.#known(token)
    const certificate = known ?? (await this.#read(token))
    checkValidity('certificate', certificate, time)
    this.#checkRevoked(certificate)
    checkKey(certificate, expectedPeerId)
    if (known === undefined) {
      this.#cache.set(token, certificate)
    }
    return certificate
  }

  /** Checks again that a verified certificate holds now: `WRONG_ROOT`, `NOT_YET_VALID`, `EXPIRED`, `REVOKED`. */
  check(certificate: Certificate): void {
    this.checkRoot('certificate', certificate.rootId)
    checkValidity('certificate', certificate, this.clock())
    this.#checkRevoked(certificate)
  }

  #checkRevoked(certificate: Certificate): void {
    if (this.revocations.isRevoked(certificate)) {
      throw refused('REVOKED', 'the certificate is revoked')
    }
  }

  /** The root of what was verified may not be trusted any more: `WRONG_ROOT`. */
  checkRoot(noun: string, rootId: string): void {
    if (!this.roots.has(rootId)) {
      throw refused('WRONG_ROOT', `the ${noun} is of a root that is not trusted any more`)
    }
  }

  #known(token: string): Certificate | undefined {
    return isShort(token) ? this.#cache.get(token) : undefined
  }

  /** Those who show the same certificate at the same time wait for one reading of it. */
  #read(token: string): Promise<Certificate> {
    if (!isShort(token)) {
      return readCertificate(token, this)
    }
    const running = this.#reading.get(token)
    if (running !== undefined) {
      return running
    }
    const reading = readCertificate(token, this).finally(() => this.#reading.delete(token))
    this.#reading.set(token, reading)
    return reading
  }
}

/** Whether it may be a token at all: looking for a long one would cost without a bound. */
function isShort(token: string): boolean {
  return typeof token === 'string' && token.length <= MAX_CERTIFICATE_BYTES
}

function checkKey(certificate: Certificate, expectedPeerId: string | undefined): void {
  if (expectedPeerId !== undefined && certificate.peerId !== expectedPeerId) {
    throw refused('WRONG_KEY', `the certificate is bound to ${certificate.peerId}, not to ${expectedPeerId}`)
  }
}
