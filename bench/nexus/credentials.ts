import { Authority, type Credential, createCredential, generateKey, peerIdOf } from '../../src/index.ts'
import type { BlockKind, Role } from '../../src/types.ts'

const NETWORK = 'bench.example'

export interface Who {
  app: string
  uid: string
  role: Role
  block: BlockKind
  resource?: string
  /** Apps that the user has. */
  has?: string[]
}

export function createAuthority(): Promise<Authority> {
  return Authority.create({ network: NETWORK })
}

export async function credentialOf(authority: Authority, who: Who): Promise<Credential> {
  const { has = [], resource = 'default', ...subject } = who
  const key = await generateKey()
  const certificate = await authority.issueCertificate({ ...subject, resource, peerId: peerIdOf(key) })
  const grants = await Promise.all(
    has.map(async (app) => ({ grant: await authority.issueGrant({ uid: who.uid, app }) }))
  )
  return createCredential({ network: authority.network, key, certificate, grants, roots: [authority.rootId] })
}
