import { NexusError } from '../errors.ts'
import { LruCache } from '../lib/lru-cache.ts'
import type { Ed25519PrivateKey } from '../types.ts'
import { ClaimReader, type Terms, termsClaims, type Validity } from './claims.ts'
import { checkApp, checkNetwork } from './jid.ts'
import { decodeJws, type JwsKind, signJws, type UncheckedJws, verifyJws } from './jws.ts'
import { checkPeerId } from './keys.ts'
import { refused } from './refused.ts'

const ISSUER: JwsKind = { noun: "issuing key's certificate", typ: 'nexus-issuer+jwt', maxBytes: 2_048 }
const MAX_APPS = 20
/** A network has a few issuing keys; whoever makes up others fills this and nothing else. */
const MAX_KNOWN = 100

/** Whom a reader trusts: the roots of one network, by their peer ids. */
export interface TrustedRoots {
  readonly network: string
  readonly roots: ReadonlySet<string>
}

/** What a root has signed of an issuing key: it may sign in the authority's name. Times are in ms since 1970. */
export interface IssuerCertificate extends Validity {
  readonly network: string
  /** The issuing key. */
  readonly peerId: string
  /** The root that signed it. */
  readonly rootId: string
  /** The only apps that it may sign for; absent: all. */
  readonly apps?: readonly string[]
  /** The certificate itself, a compact JWS of at most 2 KiB. */
  readonly token: string
}

/** Who signed a statement in the authority's name: a root, by itself or by the issuing key that it certified. */
export interface Signer {
  readonly rootId: string
  readonly issuer?: IssuerCertificate
}

/** What signs in the authority's name: a root key; or an issuing key, with its certificate, which then goes along. */
export interface SigningKey {
  privateKey: Ed25519PrivateKey
  network: string
  issuer?: IssuerCertificate | undefined
}

/**
 * Signs with a root key that `peerId` may sign in the authority's name, for `apps` alone (20 at most) or for all. Gives
 * the compact JWS; throws `INVALID`.
 */
export function signIssuerCertificate(
  root: { privateKey: Ed25519PrivateKey; network: string },
  subject: { peerId: string; apps?: readonly string[] | undefined },
  terms: Omit<Terms, 'id'>
): Promise<string> {
  const { jti: _, ...validity } = termsClaims({ ...terms, id: subject.peerId })
  return signJws(ISSUER, root.privateKey, {
    aud: checkNetwork(root.network),
    ...validity,
    cnf: { kid: checkPeerId(subject.peerId) },
    ...(subject.apps === undefined ? {} : { apps: checkApps(subject.apps) })
  })
}

/** What the certificate of an issuing key says, unverified: for who holds that key. Throws `REFUSED`. */
export function peekIssuerCertificate(token: string): IssuerCertificate {
  return claimed(decodeJws(ISSUER, token))
}

/**
 * Reads the certificate of an issuing key. Checked in this order: size, form, header and claims (`TOO_LARGE`,
 * `BAD_HEADER`, `BAD_CLAIM`), network (`WRONG_NETWORK`), signed by a root itself (`WRONG_ROOT`), signature
 * (`BAD_SIGNATURE`). Time and revocation are left to those who read what the key has signed.
 */
export async function readIssuerCertificate(token: string, trust: TrustedRoots): Promise<IssuerCertificate> {
  const known = read.get(token)
  const jws = known === undefined ? decodeJws(ISSUER, token) : undefined
  const certificate = known ?? claimed(jws as UncheckedJws)

  if (certificate.network !== trust.network) {
    throw refused('WRONG_NETWORK', `the issuing key's certificate is not of the network ${trust.network}`)
  }

  if (!trust.roots.has(certificate.rootId)) {
    throw refused('WRONG_ROOT', "the issuing key's certificate is signed by none of the roots of this network")
  }

  if (jws !== undefined) {
    await verifyJws(jws)
    read.set(token, certificate)
  }

  return certificate
}

/**
 * Who signed a statement in the authority's name: the root that its `kid` is; or an issuing key, whose certificate by a
 * root is its claim `issuer`. Throws `WRONG_ROOT` for neither, what is wrong with the issuing key's certificate, and
 * `WRONG_KEY` when that is of another key. The statement's signature is left to the caller.
 */
export async function signerOf(jws: UncheckedJws, trust: TrustedRoots): Promise<Signer> {
  if (trust.roots.has(jws.kid)) {
    return { rootId: jws.kid }
  }

  const token = new ClaimReader(jws).optionalText('issuer')

  if (token === undefined) {
    throw refused('WRONG_ROOT', `the ${jws.kind.noun} is signed by none of the roots of this network`)
  }

  const issuer = await readIssuerCertificate(token, trust)

  if (issuer.peerId !== jws.kid) {
    throw refused('WRONG_KEY', `the ${jws.kind.noun} came with the certificate of another issuing key`)
  }

  return { rootId: issuer.rootId, issuer }
}

/** An issuing key signs for its own apps alone: else `WRONG_ISSUER`. */
export function checkConstraint(noun: string, { issuer }: Signer, app: string): void {
  if (!mayIssue(issuer, app)) {
    throw refused('WRONG_ISSUER', `the ${noun} is for ${app}, and its issuing key may not sign for that`)
  }
}

/** Whether an issuing key, or a root (`undefined`), may sign for this app. */
export function mayIssue(issuer: Pick<IssuerCertificate, 'apps'> | undefined, app: string): boolean {
  return issuer?.apps === undefined || issuer.apps.includes(app)
}

/** What a statement says of its time, within that of the issuing key: it holds while both do. */
export function within(validity: Validity, { issuer }: Partial<Signer>): Validity {
  return issuer === undefined
    ? validity
    : {
        issuedAt: validity.issuedAt,
        notBefore: Math.max(validity.notBefore, issuer.notBefore),
        expiresAt: Math.min(validity.expiresAt, issuer.expiresAt)
      }
}

/** Those that were verified, by their text. */
const read = new LruCache<string, IssuerCertificate>({ max: MAX_KNOWN })

function claimed(jws: UncheckedJws): IssuerCertificate {
  const claims = new ClaimReader(jws)
  const apps = claims.checked('apps', (value) => (value === undefined ? undefined : checkApps(value)))
  return Object.freeze({
    network: claims.text('aud'),
    peerId: claims.checked('kid', checkPeerId, 'cnf'),
    rootId: jws.kid,
    ...(apps === undefined ? {} : { apps }),
    ...claims.validity(),
    token: jws.token
  })
}

function checkApps(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_APPS) {
    throw new NexusError('INVALID', `bad apps of an issuing key: 1-${MAX_APPS} apps`)
  }

  return Object.freeze(value.map(checkApp))
}
