import type { Authority } from '../identity/authority.ts'
import type { CertificateSubject } from '../identity/certificate.ts'
import { type Credential, createCredential } from '../identity/credential.ts'
import { listsOf, trustOf } from '../identity/enrolment.ts'
import { generateKey, peerIdOf } from '../identity/keys.ts'

export interface CredentialRequest extends Omit<CertificateSubject, 'peerId'> {
  /** How long the certificate holds. Default 30 days. */
  validForMs?: number
  /** The apps whose service the block's user gets. Default: none. */
  grants?: string[]
}

/** A new key with its certificate and grants: everything that a block needs to join. Throws `INVALID`. */
export async function issueCredential(authority: Authority, request: CredentialRequest): Promise<Credential> {
  const { grants = [], ...subject } = request
  const key = await generateKey()
  const certificate = await authority.issueCertificate({ ...subject, peerId: peerIdOf(key) })
  const held = grants.map(async (app) => ({ grant: await authority.issueGrant({ uid: subject.uid, app }) }))
  return createCredential({
    network: authority.network,
    key,
    certificate,
    grants: await Promise.all(held),
    ...trustOf(authority),
    ...(await listsOf(authority))
  })
}
