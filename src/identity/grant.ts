import { GRANT_VALIDITY_MS, MAX_CERTIFICATE_BYTES } from '../constants.ts'
import { NexusError } from '../errors.ts'
import type { Ed25519PrivateKey } from '../types.ts'
import type { Certificate } from './certificate.ts'
import { authorityName, ClaimReader, checkValidity, type Terms, termsClaims, type Validity } from './claims.ts'
import {
  checkConstraint,
  type IssuerCertificate,
  type Signer,
  type SigningKey,
  signerOf,
  within
} from './issuing-key.ts'
import { checkApp, checkNetwork, checkUid } from './jid.ts'
import { decodeJws, type JwsKind, signJws, type UncheckedJws, verifyJws } from './jws.ts'
import { peerIdOf } from './keys.ts'
import { refused } from './refused.ts'
import type { CertificateVerifier } from './verifier.ts'

const GRANT: JwsKind = { noun: 'grant', typ: 'nexus-grant+jwt', maxBytes: MAX_CERTIFICATE_BYTES }

/** A grant that was verified: user `holder` has the service of `app`. Times are in ms since 1970. */
export interface Grant extends Validity {
  /** The claim `jti`. */
  readonly id: string
  /** The holder's user id. */
  readonly holder: string
  /** The app whose service it is. */
  readonly app: string
  /** `authority@network`, or the JID of the owner's block that signed it. */
  readonly issuer: string
  /** The peer id of the key that signed it. */
  readonly issuerPeerId: string
  /** The certificate of the block that signed it; absent when the authority did. */
  readonly issuerCertificate?: Certificate
  /** The authority's issuing key that signed it; absent when a root or a block did. */
  readonly issuingKey?: IssuerCertificate
  /** The grant itself, a compact JWS. */
  readonly token: string
}

/** Who signs a grant: the authority with a root or issuing key, or a block of the service app's owner. */
export type GrantIssuer =
  | (SigningKey & { certificate?: undefined })
  | { privateKey: Ed25519PrivateKey; certificate: Certificate }

/** `holder` is a user id, `app` the service; `validForMs` is 365 days by default. */
export type GrantTerms = { holder: string; app: string; validForMs?: number } & Omit<Terms, 'validForMs'>

/**
 * Signs a grant. Gives the compact JWS; when a block signs, its certificate must travel beside it. Throws `INVALID`
 * for bad terms, and for a block that could not grant this: not of the app's owner, or with another key.
 */
export async function issueGrant(issuer: GrantIssuer, terms: GrantTerms): Promise<string> {
  const app = checkApp(terms.app)
  if (issuer.certificate !== undefined) {
    checkIssuer(issuer.certificate, issuer.privateKey, app)
  }
  const network = checkNetwork(issuer.certificate === undefined ? issuer.network : issuer.certificate.network)
  return signJws(GRANT, issuer.privateKey, {
    iss: issuer.certificate?.jid ?? authorityName(network),
    aud: network,
    sub: checkUid(terms.holder),
    app,
    ...termsClaims({ issuedAt: terms.issuedAt, validForMs: terms.validForMs ?? GRANT_VALIDITY_MS, id: terms.id }),
    issuer: issuer.certificate === undefined ? issuer.issuer?.token : undefined
  })
}

function checkIssuer(certificate: Certificate, privateKey: Ed25519PrivateKey, app: string): void {
  if (certificate.role !== 'owner' || certificate.app !== app) {
    throw new NexusError('INVALID', `${certificate.jid} is no block of the owner of ${app}`)
  }
  if (certificate.peerId !== peerIdOf(privateKey)) {
    throw new NexusError('INVALID', `the key is not that of ${certificate.jid}`)
  }
}

/**
 * Verifies that a grant gives `holderUid` the service of `app` now. Throws `REFUSED` with the first of these that
 * fails: size (`TOO_LARGE`), form and header (`BAD_HEADER`), a JSON object (`BAD_CLAIM`), network (`WRONG_NETWORK`);
 * the issuer's certificate, when a block signed it: missing (`WRONG_ROOT`), not valid now (its own reason), bound to
 * another key than the signer's (`WRONG_KEY`), not of the owner of the grant's app (`BAD_CLAIM`); signature
 * (`BAD_SIGNATURE`), every claim, another holder, another app (`BAD_CLAIM`); then what `checkGrant` checks.
 */
export async function verifyGrant(
  shown: { token: string; issuerCertificate?: string },
  expected: { holderUid: string; app: string; verifier: CertificateVerifier }
): Promise<Grant> {
  const { verifier } = expected
  const jws = decodeJws(GRANT, shown.token)
  const claims = new ClaimReader(jws)
  claims.network(verifier.network)
  const app = claims.checked('app', checkApp)
  const signer = await authoritySigner(jws, shown.issuerCertificate, verifier)
  const issuerCertificate =
    signer === undefined ? await verifyIssuer(shown.issuerCertificate ?? '', jws.kid, app, verifier) : undefined
  await verifyJws(jws)
  const issuer = issuerCertificate?.jid ?? authorityName(verifier.network)
  claims.equals('iss', issuer)
  const holder = claims.checked('sub', checkUid)
  const grant: Grant = {
    id: claims.id(),
    holder,
    app,
    ...within(claims.validity(), signer ?? {}),
    issuer,
    issuerPeerId: jws.kid,
    issuerCertificate,
    ...(signer?.issuer === undefined ? {} : { issuingKey: signer.issuer }),
    token: shown.token
  }
  if (holder !== expected.holderUid) {
    throw refused('BAD_CLAIM', `the grant is held by ${holder}, not by ${expected.holderUid}`)
  }
  if (app !== expected.app) {
    throw refused('BAD_CLAIM', `the grant is for the app ${app}, not for ${expected.app}`)
  }
  if (signer !== undefined) {
    checkConstraint('grant', signer, app)
  }
  checkGrant(grant, verifier)
  return Object.freeze(grant)
}

/**
 * Checks again that a verified grant holds now: `NOT_YET_VALID`, `EXPIRED`, `REVOKED` (itself, its app, its issuer,
 * its holder, or that one's service, after it was made), and that its issuer's certificate still holds. Throws `REFUSED`.
 */
export function checkGrant(grant: Grant, verifier: CertificateVerifier): void {
  const { app, holder, id, issuerCertificate, issuingKey, issuedAt } = grant
  checkValidity('grant', grant, verifier.clock())
  if (issuerCertificate === undefined) {
    verifier.checkRoot('grant', issuingKey?.rootId ?? grant.issuerPeerId)
  } else {
    verifier.check(issuerCertificate)
  }
  const { revocations } = verifier
  const byIssuer = { peerId: grant.issuerPeerId, uid: issuerCertificate?.uid, app, issuedAt, issuer: issuingKey }
  if (revocations.isRevoked(byIssuer) || revocations.isRevoked({ uid: holder, holder, app, id, issuedAt })) {
    throw refused('REVOKED', 'the grant is revoked, by itself, or with its app, its issuer or its holder')
  }
}

/** Who signed it in the authority's name; `undefined` when the certificate of a block came along instead. */
async function authoritySigner(
  jws: UncheckedJws,
  issuerCertificate: string | undefined,
  verifier: CertificateVerifier
): Promise<Signer | undefined> {
  const isOfBlock = Boolean(issuerCertificate) && !verifier.roots.has(jws.kid) && jws.claims.issuer === undefined
  return isOfBlock ? undefined : signerOf(jws, verifier)
}

async function verifyIssuer(
  token: string,
  kid: string,
  app: string,
  verifier: CertificateVerifier
): Promise<Certificate> {
  const certificate = await verifier.verify(token, kid)
  if (certificate.role !== 'owner' || certificate.app !== app) {
    throw refused('BAD_CLAIM', `the grant is signed by ${certificate.jid}, no block of the owner of ${app}`)
  }
  return certificate
}

/**
 * What a grant says, unverified: for its holder to see which of its grants to show, and never to decide on. Throws
 * `REFUSED`.
 */
export function peekGrant(token: string): Pick<Grant, 'holder' | 'app' | 'id' | 'issuedAt' | 'expiresAt'> {
  const claims = new ClaimReader(decodeJws(GRANT, token))
  return {
    holder: claims.checked('sub', checkUid),
    app: claims.checked('app', checkApp),
    id: claims.id(),
    issuedAt: claims.second('iat') * 1000,
    expiresAt: claims.second('exp') * 1000
  }
}
