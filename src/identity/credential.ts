import * as v from 'valibot'
import { NexusError } from '../errors.ts'
import type { Clock, Ed25519PrivateKey } from '../types.ts'
import type { Certificate } from './certificate.ts'
import { peekGrant } from './grant.ts'
import { checkNetwork } from './jid.ts'
import { checkPeerId, formatKey, parseKey, peerIdOf } from './keys.ts'
import { RevocationList } from './revocation-list.ts'
import { RootTrust } from './root-sets.ts'
import { checkedText, parseJson } from './schema.ts'
import { CertificateVerifier } from './verifier.ts'

const token = v.pipe(v.string(), v.nonEmpty())

const CredentialSchema = v.object({
  version: v.literal(1),
  network: checkedText(checkNetwork),
  key: checkedText(parseKey),
  certificate: token,
  grants: v.array(v.object({ grant: token, issuerCertificate: v.optional(token) })),
  roots: v.pipe(v.array(checkedText(checkPeerId)), v.nonEmpty()),
  revocations: v.optional(token),
  moreRevocations: v.optional(v.array(token)),
  rootSets: v.optional(v.array(token))
})

/**
 * Everything that a block needs to join its network, as JSON: its private `key` (libp2p protobuf, base64url), its
 * `certificate`, the `grants` of its user with the certificates of those who gave them, the peer ids of the `roots`
 * to trust, and the newest revocation lists known: that of the roots, and in `moreRevocations` those of issuing keys,
 * and what was added to lists. `rootSets` say which roots took their place, each signed by one before. Secret, because of
 * the key.
 */
export interface Credential {
  version: 1
  network: string
  key: string
  certificate: string
  grants: Array<{ grant: string; issuerCertificate?: string }>
  roots: string[]
  revocations?: string
  moreRevocations?: string[]
  rootSets?: string[]
}

/** A grant that this block may show, as it says of itself. */
export interface HeldGrant {
  app: string
  /** The claim `jti`. */
  id: string
  /** In ms since 1970, as `expiresAt`. */
  issuedAt: number
  expiresAt: number
  grant: string
  issuerCertificate?: string
}

/** A credential ready for use. */
export interface OpenedCredential {
  privateKey: Ed25519PrivateKey
  /** This block's own. */
  certificate: Certificate
  /** Verifies the certificates of others. */
  verifier: CertificateVerifier
  revocations: RevocationList
  /** Not verified: those they are shown to do that. */
  grants: HeldGrant[]
}

/**
 * The credential that a JSON value is. Unknown fields are left out. Throws `INVALID`, naming the field at fault.
 * Whether its certificate holds is checked when a block is made of it.
 *
 * @example
 * ```ts
 * import { createNexus, parseCredential } from 'nexus-mesh'
 *
 * const nexus = await createNexus({ credential: parseCredential(JSON.parse(process.env.CREDENTIAL ?? '')) })
 * ```
 */
export function parseCredential(value: unknown): Credential {
  return parseJson('credential', CredentialSchema, value)
}

/**
 * A credential of its parts: the private key, the certificate for it, the grants of its user (none by default), the
 * peer ids of the roots to trust, and the newest revocation list. Throws `INVALID`, naming the field at fault.
 *
 * @example
 * ```ts
 * import { createCredential, generateKey, peerIdOf } from 'nexus-mesh'
 *
 * const key = await generateKey()
 * const who = { app: 'shop', uid: 'carl', role: 'user', block: 'device', resource: 'default' } as const
 * const credential = createCredential({
 *   network: authority.network,
 *   key,
 *   certificate: await authority.issueCertificate({ ...who, peerId: peerIdOf(key) }),
 *   grants: [{ grant: await authority.issueGrant({ uid: 'carl', app: 'etest' }) }],
 *   roots: [authority.rootId]
 * })
 * ```
 */
export function createCredential(parts: {
  network: string
  key: Ed25519PrivateKey
  certificate: string
  grants?: Credential['grants']
  roots: string[]
  revocations?: string
  moreRevocations?: string[]
  rootSets?: string[]
}): Credential {
  const { grants = [], key, ...rest } = parts
  return parseCredential({ version: 1, ...rest, key: formatKey(key), grants })
}

/**
 * Opens a credential: verifies its revocation list and its own certificate, which must be bound to its key. Throws
 * `REFUSED` with the reason, as others would.
 */
export async function openCredential(credential: Credential, options: { clock: Clock }): Promise<OpenedCredential> {
  const { network, roots } = credential
  const privateKey = parseKey(credential.key)
  const trust = new RootTrust({ network, roots })
  await trust.offerAll(credential.rootSets ?? [])
  const revocations = new RevocationList({ network, roots: trust })
  if (credential.revocations !== undefined) {
    await revocations.offer(credential.revocations)
  }
  for (const list of credential.moreRevocations ?? []) {
    await revocations.offer(list).catch(ignoreRefused)
  }
  const verifier = new CertificateVerifier({ network, roots: trust, clock: options.clock, revocations })
  const certificate = await verifier.verify(credential.certificate, peerIdOf(privateKey))
  const grants = credential.grants.map((held) => ({ ...peekGrant(held.grant), ...held }))
  return { privateKey, certificate, verifier, revocations, grants }
}

/** What is held of lists and root sets, in the fields of a credential: the roots' whole list by itself. */
export function heldStatements({
  token: whole,
  tokens,
  trust
}: RevocationList): Pick<Credential, 'revocations' | 'moreRevocations' | 'rootSets'> {
  const more = tokens.filter((list) => list !== whole)
  return {
    ...(whole === undefined ? {} : { revocations: whole }),
    ...(more.length === 0 ? {} : { moreRevocations: more }),
    ...(trust.version === 0 ? {} : { rootSets: trust.tokens })
  }
}

/** The list of an issuing key that was revoked meanwhile, or whose root is trusted no more, says nothing. */
function ignoreRefused(error: unknown): void {
  if (!(error instanceof NexusError && error.code === 'REFUSED')) {
    throw error
  }
}
