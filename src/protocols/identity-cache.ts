import type { Certificate } from '../identity/certificate.ts'
import type { Identity } from '../types.ts'
import { identityOf } from './verified-peers.ts'

/** The identities of certificates, one object each for as long as the certificate is kept by somebody. */
export class IdentityCache {
  readonly #identities = new WeakMap<Certificate, Identity>()

  of(certificate: Certificate): Identity {
    const known = this.#identities.get(certificate)

    if (known !== undefined) {
      return known
    }

    const identity = identityOf(certificate)
    this.#identities.set(certificate, identity)
    return identity
  }
}
