import { MAX_CERTIFICATE_BYTES } from '../constants.ts'
import type { BlockKind, Identity, Role } from '../types.ts'
import { authorityName, ClaimReader, type Terms, termsClaims, type Validity } from './claims.ts'
import {
  checkConstraint,
  type IssuerCertificate,
  type SigningKey,
  signerOf,
  type TrustedRoots,
  within
} from './issuing-key.ts'
import { checkApp, checkBlockKind, checkNetwork, checkResource, checkRole, checkUid, formatJid } from './jid.ts'
import { decodeJws, type JwsKind, signJws, verifyJws } from './jws.ts'
import { checkPeerId } from './keys.ts'
import { refused } from './refused.ts'

const CERTIFICATE: JwsKind = { noun: 'certificate', typ: 'nexus-cert+jwt', maxBytes: MAX_CERTIFICATE_BYTES }

/** What a certificate says of a block; times are in ms since 1970. */
export interface Certificate extends Identity, Validity {
  /** The claim `jti`. */
  readonly id: string
  /** The root that signed it, or that certified the issuing key which did, by its peer id. */
  readonly rootId: string
  /** The issuing key that signed it; absent when a root did. */
  readonly issuer?: IssuerCertificate
  /** The certificate itself, a compact JWS. */
  readonly token: string
}

/** The block that a certificate is made for. */
export interface CertificateSubject {
  peerId: string
  app: string
  uid: string
  role: Role
  block: BlockKind
  resource: string
}

/** Signs a certificate in the authority's name. Gives the compact JWS; throws `INVALID` for a bad subject. */
export function signCertificate(issuer: SigningKey, subject: CertificateSubject, terms: Terms): Promise<string> {
  const network = checkNetwork(issuer.network)
  const { app, uid, role, resource } = subject
  return signJws(CERTIFICATE, issuer.privateKey, {
    iss: authorityName(network),
    aud: network,
    sub: formatJid({ app, uid, role, network, resource }),
    app,
    uid,
    role,
    block: checkBlockKind(subject.block),
    resource,
    ...termsClaims(terms),
    cnf: { kid: checkPeerId(subject.peerId) },
    issuer: issuer.issuer?.token
  })
}

/**
 * Reads a certificate and checks what never changes, in this order: present at all (`NO_CERTIFICATE`), size
 * (`TOO_LARGE`), form and header (`BAD_HEADER`), a JSON object (`BAD_CLAIM`), network (`WRONG_NETWORK`), signed by one
 * of the roots or by an issuing key of theirs (`signerOf`), signature (`BAD_SIGNATURE`), every claim (`BAD_CLAIM`), the
 * app one that the issuing key may sign for (`WRONG_ISSUER`). Unknown claims are ignored. It ends when its issuing key
 * does.
 * Time, revocation and possession of the key are left to `CertificateVerifier`.
 */
export async function readCertificate(token: string, trust: TrustedRoots): Promise<Certificate> {
  if (!token) {
    throw refused('NO_CERTIFICATE', 'no certificate was shown')
  }
  const jws = decodeJws(CERTIFICATE, token)
  const claims = new ClaimReader(jws)
  claims.network(trust.network)
  const signer = await signerOf(jws, trust)
  await verifyJws(jws)
  claims.equals('iss', authorityName(trust.network))
  const identity = readIdentity(claims, trust.network)
  const id = claims.id()
  const validity = within(claims.validity(), signer)
  checkConstraint('certificate', signer, identity.app)
  return Object.freeze({ ...identity, id, ...validity, ...signer, token })
}

/** The identity that a certificate proves, frozen: it is handed to the application's handlers. */
export function identityOf(certificate: Certificate): Identity {
  const { network, app, uid, role, block, resource, jid, peerId } = certificate
  return Object.freeze({ network, app, uid, role, block, resource, jid, peerId })
}

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

function readIdentity(claims: ClaimReader, network: string): Identity {
  const app = claims.checked('app', checkApp)
  const uid = claims.checked('uid', checkUid)
  const role = claims.checked('role', checkRole)
  const resource = claims.checked('resource', checkResource)
  const block = claims.checked('block', checkBlockKind)
  const jid = formatJid({ app, uid, role, network, resource })
  claims.equals('sub', jid)
  return { network, app, uid, role, block, resource, jid, peerId: claims.checked('kid', checkPeerId, 'cnf') }
}
