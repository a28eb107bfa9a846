/** Cases of certificates and grants that an issuing key has signed, for `vectors-identity.ts`. */
import type { IdentityFailure } from '../src/errors.ts'
import { signCertificate } from '../src/identity/certificate.ts'
import { issueGrant } from '../src/identity/grant.ts'
import { peekIssuerCertificate, signIssuerCertificate } from '../src/identity/issuing-key.ts'
import { peerIdOf } from '../src/identity/keys.ts'
import { forge, reforge, tamper } from '../test/support/forge.ts'
import { ALICE_UID, alice, BOB_UID, keyFor, mallory, TEST_NOW, testNetwork } from '../test/support/identities.ts'
import type { CertificateInput, GrantInput, VectorCase } from './vector-files.ts'

const DAY = 24 * 60 * 60_000
const root = await keyFor('root')
const key = await keyFor('issuer')
const peerId = peerIdOf(alice)
const now = TEST_NOW
const terms = { issuedAt: now, validForMs: 30 * DAY, id: 'vector-issued' }

type Home = Awaited<ReturnType<typeof testNetwork>>

async function issuerOf({ network }: Home, others: { apps?: string[]; days?: number; by?: typeof root } = {}) {
  const { apps, days = 365, by = root } = others
  const subject = { peerId: peerIdOf(key), apps }
  const token = await signIssuerCertificate({ privateKey: by, network }, subject, { ...terms, validForMs: days * DAY })
  return { privateKey: key, network, issuer: peekIssuerCertificate(token) }
}

/** `expected`: what the like of a root's certificate says. */
export async function issuedCertificates(home: Home, expected: object): Promise<VectorCase<CertificateInput>[]> {
  const subject = { peerId, app: 'etest', uid: ALICE_UID, role: 'owner', block: 'worker', resource: 'default' } as const
  const of = (issuer: Awaited<ReturnType<typeof issuerOf>>) => signCertificate(issuer, subject, terms)
  const token = await of(await issuerOf(home))
  const { issuer } = await issuerOf(home)
  const { token: issuerToken, ...read } = issuer
  const good = { ...expected, id: terms.id, issuer: { ...read, token: issuerToken } }
  const with_ = async (changed: unknown) => ({ token: await reforge(token, key, { claims: { issuer: changed } }) })
  const refused = (name: string, reason: IdentityFailure, changed: Partial<CertificateInput>, at = now) => ({
    name: `of an issuing key, ${name}`,
    input: { token, peerId, ...changed },
    now: at,
    reason
  })
  const short = (await issuerOf(home, { days: 1 })).issuer
  const other = { ...short, peerId: peerIdOf(mallory) }
  const otherToken = await reforge(other.token, root, { claims: { cnf: { kid: other.peerId } } })
  const ofShop = await issuerOf(home, { apps: ['etest', 'shop'] })
  const grandchild = await reforge(issuerToken, key, { claims: { cnf: { kid: peerIdOf(mallory) } } })
  const revoked = async (subject: string) => ({
    revocations: await (await testNetwork({ clock: () => now })).authority.revoke(subject)
  })
  return [
    { name: 'good, of an issuing key', input: { token, peerId }, now, expected: good },
    {
      name: 'good, of an issuing key for some apps',
      input: { token: await of(ofShop), peerId },
      now,
      expected: { ...good, issuer: ofShop.issuer }
    },
    {
      name: 'good, of an issuing key that ends before',
      input: { ...(await with_(short.token)), peerId },
      now,
      expected: { ...good, expiresAt: now + DAY, issuer: short }
    },
    refused('that has ended', 'EXPIRED', await with_(short.token), now + DAY + 60_000),
    refused('for other apps', 'WRONG_ISSUER', await with_((await issuerOf(home, { apps: ['shop'] })).issuer.token)),
    refused('without its certificate', 'WRONG_ROOT', await with_(undefined)),
    refused("with another key's certificate", 'WRONG_KEY', await with_(otherToken)),
    refused('of another root', 'WRONG_ROOT', await with_((await issuerOf(home, { by: mallory })).issuer.token)),
    refused('that an issuing key has certified', 'WRONG_ROOT', {
      token: await reforge(token, mallory, { claims: { issuer: grandchild } })
    }),
    refused('whose certificate was changed', 'BAD_SIGNATURE', await with_(tamper(issuerToken, { iat: 1 }))),
    refused('whose certificate is no text', 'BAD_CLAIM', await with_({})),
    refused('whose certificate is one of a block', 'BAD_HEADER', await with_(token)),
    refused('whose certificate names no app', 'BAD_CLAIM', {
      ...(await with_(await reforge(issuerToken, root, { claims: { apps: [] } })))
    }),
    refused('whose certificate is over 2 KiB', 'TOO_LARGE', {
      ...(await with_(await reforge(issuerToken, root, { claims: { more: 'x'.repeat(2_048) } })))
    }),
    refused('changed', 'BAD_SIGNATURE', { token: tamper(token, { app: 'other' }) }),
    refused('revoked by its root', 'REVOKED', await revoked(peerIdOf(key))),
    refused('with its app revoked', 'REVOKED', await revoked('app:etest')),
    refused('with its id revoked', 'REVOKED', await revoked(`jti:${terms.id}`)),
    {
      name: 'good, of an issuing key, with the id of another revoked',
      input: { token, peerId, ...(await revoked('jti:another')) },
      now,
      expected: good
    }
  ]
}

export async function issuedGrants(home: Home, expected: object): Promise<VectorCase<GrantInput>[]> {
  const of = async (apps?: string[]) => {
    const issuer = await issuerOf(home, apps === undefined ? {} : { apps })
    return issueGrant(issuer, { ...terms, holder: BOB_UID, app: 'etest' })
  }
  const token = await of(['etest'])
  const { issuer } = await issuerOf(home, { apps: ['etest'] })
  const input = { token, holder: BOB_UID, app: 'etest' }
  const validity = { issuedAt: now, notBefore: now - 300_000, expiresAt: now + 30 * DAY }
  const good = { ...expected, id: terms.id, issuerPeerId: peerIdOf(key), ...validity, issuingKey: issuer }
  return [
    { name: 'good, of an issuing key', input, now, expected: good },
    {
      name: 'of an issuing key for other apps',
      input: { ...input, token: await of(['shop']) },
      now,
      reason: 'WRONG_ISSUER'
    },
    {
      name: 'of an issuing key without its certificate',
      input: { ...input, token: await reforge(token, key, { claims: { issuer: undefined } }) },
      now,
      reason: 'WRONG_ROOT'
    },
    {
      name: "of an issuing key whose certificate is beside it like a block's",
      input: {
        ...input,
        token: await reforge(token, key, { claims: { issuer: undefined } }),
        issuerCertificate: issuer.token
      },
      now,
      reason: 'BAD_HEADER'
    },
    {
      name: 'of an issuing key, alg none',
      input: { ...input, token: await forge({ alg: 'none', typ: 'nexus-grant+jwt', kid: peerIdOf(key) }, {}, key) },
      now,
      reason: 'BAD_HEADER'
    }
  ]
}
