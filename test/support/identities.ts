import assert from 'node:assert/strict'
import { sha256 } from '@noble/hashes/sha2.js'
import { type IdentityFailure, NexusError } from '../../src/errors.ts'
import { Authority } from '../../src/identity/authority.ts'
import { type CertificateSubject, readCertificate } from '../../src/identity/certificate.ts'
import { type Credential, createCredential } from '../../src/identity/credential.ts'
import { issueGrant } from '../../src/identity/grant.ts'
import { generateKey, peerIdOf } from '../../src/identity/keys.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { CertificateVerifier } from '../../src/identity/verifier.ts'
import type { Clock, Ed25519PrivateKey } from '../../src/types.ts'

export const TEST_NETWORK = 'test.nexus.example'
/** 1 January 2027, 00:00 UTC. */
export const TEST_NOW = Date.UTC(2027, 0, 1)

/** The key that always belongs to this name. */
export function keyFor(name: string): Promise<Ed25519PrivateKey> {
  return generateKey(sha256(new TextEncoder().encode(`nexus test key ${name}`)))
}

export const alice = await keyFor('alice')
export const bob = await keyFor('bob')
export const mallory = await keyFor('mallory')

/** User ids, 24 hex digits each. */
export const ALICE_UID = 'a11ce0000000000000000001'
export const BOB_UID = 'b0b000000000000000000002'
export const MALLORY_UID = 'bad000000000000000000003'

/** A clock that stands still until it is moved. */
export interface FrozenClock extends Clock {
  /** Moves it by so many ms, back when negative. */
  advance: (ms: number) => void
}

export function frozenClock(now: number = TEST_NOW): FrozenClock {
  const clock = () => now
  return Object.assign(clock, {
    advance: (ms: number) => {
      now += ms
    }
  })
}

/** Ids that count: `<prefix>-1`, `<prefix>-2`. */
export function countingIds(prefix: string): () => string {
  let count = 0
  return () => `${prefix}-${++count}`
}

export interface TestNetworkOptions {
  /** Default `TEST_NETWORK`. */
  network?: string
  /** The name of the root key, see `keyFor`. Default `root`. */
  root?: string
  /** Default `Date.now`. */
  clock?: Clock
  randomId?: () => string
}

export interface TestBlock extends Partial<Omit<CertificateSubject, 'peerId'>> {
  /** Default: a new random key. */
  privateKey?: Ed25519PrivateKey
  validForMs?: number
}

export interface TestNetwork {
  authority: Authority
  network: string
  /** The peer ids to trust. */
  roots: string[]
  clock: Clock
  /** A certificate's token. By default app `etest`, `ALICE_UID`, `owner`, `worker`, resource `default`. */
  certificateFor: (block?: TestBlock) => Promise<string>
  /** The same with everything around it. `grants`: apps granted to the block's user, or grants as they are. */
  credentialFor: (block?: TestBlock & { grants?: Array<string | Credential['grants'][number]> }) => Promise<Credential>
  /** A grant made by an owner's block, with that block's certificate. */
  grantBy: (
    issuer: { privateKey: Ed25519PrivateKey; certificate: string },
    terms: { holder: string; app: string; validForMs?: number }
  ) => Promise<{ token: string; issuerCertificate: string }>
  /** A verifier of this network with a revocation list of its own. */
  verifier: (init?: { cacheSize?: number }) => CertificateVerifier
}

/** A network with a fixed root key, and what its blocks need. */
export async function testNetwork(options: TestNetworkOptions = {}): Promise<TestNetwork> {
  const { network = TEST_NETWORK, root = 'root', clock = Date.now, randomId = () => crypto.randomUUID() } = options
  const authority = await Authority.create({ network, privateKey: await keyFor(root), clock, randomId })
  const roots = [authority.rootId]

  const certify = (block: TestBlock, privateKey: Ed25519PrivateKey) => {
    const { app = 'etest', uid = ALICE_UID, role = 'owner', block: kind = 'worker', resource = 'default' } = block
    const subject = { peerId: peerIdOf(privateKey), app, uid, role, block: kind, resource }
    return authority.issueCertificate({ ...subject, validForMs: block.validForMs })
  }

  return {
    authority,
    network,
    roots,
    clock,
    certificateFor: async (block = {}) => certify(block, block.privateKey ?? (await generateKey())),
    credentialFor: async ({ grants = [], ...block } = {}) => {
      const key = block.privateKey ?? (await generateKey())
      const uid = block.uid ?? ALICE_UID
      const held = grants.map(async (grant) =>
        typeof grant === 'string' ? { grant: await authority.issueGrant({ uid, app: grant }) } : grant
      )
      const certificate = await certify(block, key)
      const revocations = await authority.revocationList()
      return createCredential({ network, key, certificate, grants: await Promise.all(held), roots, revocations })
    },
    grantBy: async ({ privateKey, certificate: issuerCertificate }, terms) => {
      const certificate = await readCertificate(issuerCertificate, { network, roots: new Set(roots) })
      const issuedAt = clock()
      return {
        token: await issueGrant({ privateKey, certificate }, { ...terms, issuedAt, id: randomId() }),
        issuerCertificate
      }
    },
    verifier: (init = {}) =>
      new CertificateVerifier({ network, roots, clock, revocations: new RevocationList({ network, roots }), ...init })
  }
}

/** The call is refused for this reason. */
export async function assertRefused(reason: IdentityFailure, call: () => unknown): Promise<void> {
  await assert.rejects(
    async () => call(),
    (error) => {
      assert(error instanceof NexusError, String(error))
      assert.deepEqual([error.code, error.reason], ['REFUSED', reason], error.message)
      return true
    }
  )
}

/** The call is refused as `INVALID`, with a message that matches. */
export async function assertInvalid(message: RegExp, call: () => unknown): Promise<void> {
  await assert.rejects(
    async () => call(),
    (error) => {
      assert(error instanceof NexusError, String(error))
      assert.equal(error.code, 'INVALID')
      assert.match(error.message, message)
      return true
    }
  )
}
