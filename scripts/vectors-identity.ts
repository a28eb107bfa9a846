/**
 * Writes the identity vectors, `test/vectors/{certificates,grants,jids}.json`, which every implementation of Nexus
 * reads in its tests. Keys, clock and ids are fixed and Ed25519 is deterministic: the files come out the same each
 * time. Run: `node scripts/vectors-identity.ts`
 */
import { writeFile } from 'node:fs/promises'
import { MAX_CERTIFICATE_BYTES } from '../src/constants.ts'
import type { IdentityFailure } from '../src/errors.ts'
import { peerIdOf } from '../src/identity/keys.ts'
import { uidSubject } from '../src/identity/revocation.ts'
import { forge, reforge, takeApart, tamper } from '../test/support/forge.ts'
import {
  ALICE_UID,
  alice,
  BOB_UID,
  bob,
  countingIds,
  frozenClock,
  keyFor,
  mallory,
  TEST_NOW,
  testNetwork
} from '../test/support/identities.ts'
import type { CertificateInput, GrantInput, VectorCase, VectorFile } from './vector-files.ts'
import { bentCertificates } from './vectors-bent.ts'
import { issuedCertificates, issuedGrants } from './vectors-issuers.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const root = await keyFor('root')

function network(options: { network?: string; root?: string } = {}) {
  return testNetwork({ ...options, clock: frozenClock(TEST_NOW), randomId: countingIds('vector') })
}

async function certificateVectors(): Promise<VectorFile<CertificateInput>> {
  const home = await network()
  const block = { privateKey: alice, resource: 'default' }
  const token = await home.certificateFor(block)
  const peerId = peerIdOf(alice)
  const { claims } = takeApart(token)
  const input = { token, peerId }
  const now = TEST_NOW
  const foreign = await network({ network: 'other.example', root: 'other root' })
  const impostor = await network({ root: 'other root' })
  const expected = {
    network: home.network,
    app: 'etest',
    uid: ALICE_UID,
    role: 'owner',
    block: 'worker',
    resource: 'default',
    jid: `etest-${ALICE_UID}-owner@${home.network}/default`,
    peerId,
    id: 'vector-1',
    issuedAt: now,
    notBefore: now - 5 * MINUTE,
    expiresAt: now + 30 * DAY,
    rootId: home.authority.rootId
  }
  const refused = (name: string, reason: IdentityFailure, changed: Partial<CertificateInput>, at = now) => ({
    name,
    input: { ...input, ...changed },
    now: at,
    reason
  })
  const forged = (changes: Parameters<typeof reforge>[2]) => reforge(token, root, changes)
  const kid = home.authority.rootId
  const unsecured = await forged({ header: { alg: 'none' } })
  const cases: VectorCase<CertificateInput>[] = [
    { name: 'good', input, now, expected },
    { name: 'good, unknown claim', input: { ...input, token: await forged({ claims: { more: 1 } }) }, now, expected },
    { name: 'good, first moment of the leeway', input, now: now - 6 * MINUTE, expected },
    { name: 'good, last moment of the leeway', input, now: now + 30 * DAY + MINUTE - 1, expected },
    refused('not yet valid', 'NOT_YET_VALID', {}, now - 6 * MINUTE - 1),
    refused('expired', 'EXPIRED', {}, now + 30 * DAY + MINUTE),
    refused('no certificate', 'NO_CERTIFICATE', { token: '' }),
    refused('wrong key', 'WRONG_KEY', { peerId: peerIdOf(mallory) }),
    refused('alg none, signature left out', 'BAD_HEADER', { token: unsecured.replace(/[^.]*$/, '') }),
    refused('alg none', 'BAD_HEADER', { token: unsecured }),
    refused('alg HS256', 'BAD_HEADER', { token: await forged({ header: { alg: 'HS256' } }) }),
    refused('extra header crit', 'BAD_HEADER', { token: await forged({ header: { crit: [] } }) }),
    refused('extra header jwk', 'BAD_HEADER', { token: await forged({ header: { jwk: {} } }) }),
    refused('extra header b64', 'BAD_HEADER', { token: await forged({ header: { b64: true } }) }),
    refused('typ of a grant', 'BAD_HEADER', { token: await forged({ header: { typ: 'nexus-grant+jwt' } }) }),
    refused('no kid', 'BAD_HEADER', { token: await forged({ header: { kid: undefined } }) }),
    refused('two parts', 'BAD_HEADER', { token: token.slice(0, token.lastIndexOf('.')) }),
    refused('payload no object', 'BAD_CLAIM', { token: await forge(takeApart(token).header, '[]', root) }),
    refused('foreign network', 'WRONG_NETWORK', { token: await foreign.certificateFor(block) }),
    refused('foreign root', 'WRONG_ROOT', { token: await impostor.certificateFor(block) }),
    refused('signed by itself', 'WRONG_ROOT', { token: await reforge(token, alice, {}) }),
    refused('root named by another signer', 'BAD_SIGNATURE', {
      token: await reforge(token, mallory, { header: { kid } })
    }),
    refused('tampered payload', 'BAD_SIGNATURE', { token: tamper(token, { app: 'other' }) }),
    refused('too large', 'TOO_LARGE', { token: await forged({ claims: { more: 'x'.repeat(MAX_CERTIFICATE_BYTES) } }) }),
    refused('sub of another JID', 'BAD_CLAIM', { token: await forged({ claims: { resource: 'other' } }) }),
    refused('iss not the authority', 'BAD_CLAIM', { token: await forged({ claims: { iss: 'somebody' } }) })
  ]
  for (const claim of [...Object.keys(claims)]) {
    const missing = await forged({ claims: { [claim]: undefined } })
    cases.push(refused(`claim ${claim} missing`, 'BAD_CLAIM', { token: missing }))
  }
  const later = await network()
  const byKey = await later.authority.revoke(peerId)
  cases.push(refused('revoked by key', 'REVOKED', { revocations: byKey }))
  const byUser = await (await network()).authority.revoke(uidSubject(ALICE_UID))
  cases.push(refused('revoked by user', 'REVOKED', { revocations: byUser }))
  const another = await (await network()).authority.revoke(peerIdOf(mallory))
  cases.push({ name: 'good, another key revoked', input: { ...input, revocations: another }, now, expected })
  cases.push(...(await issuedCertificates(home, expected)))
  cases.push(...(await bentCertificates({ input, now, expected })))
  return { network: home.network, root: home.authority.rootId, cases }
}

async function grantVectors(): Promise<VectorFile<GrantInput>> {
  const home = await network()
  const now = TEST_NOW
  const token = await home.authority.issueGrant({ uid: BOB_UID, app: 'etest' })
  const owner = { privateKey: alice, certificate: await home.certificateFor({ privateKey: alice, validForMs: DAY }) }
  const byOwner = await home.grantBy(owner, { holder: BOB_UID, app: 'etest' })
  const input = { token, holder: BOB_UID, app: 'etest' }
  const inputByOwner = { ...byOwner, holder: BOB_UID, app: 'etest' }
  const expected = {
    id: 'vector-1',
    holder: BOB_UID,
    app: 'etest',
    issuer: `authority@${home.network}`,
    issuerPeerId: home.authority.rootId,
    issuedAt: now,
    notBefore: now - 5 * MINUTE,
    expiresAt: now + 365 * DAY
  }
  const expectedByOwner = {
    ...expected,
    id: 'vector-3',
    issuer: `etest-${ALICE_UID}-owner@${home.network}/default`,
    issuerPeerId: peerIdOf(alice)
  }
  const refused = (name: string, reason: IdentityFailure, changed: Partial<GrantInput>, at = now) => ({
    name,
    input: { ...input, ...changed },
    now: at,
    reason
  })
  const forged = (changes: Parameters<typeof reforge>[2]) => reforge(token, root, changes)
  const signedBy = async (role: 'partner' | 'owner', app: string) => ({
    token: await reforge(byOwner.token, alice, {
      claims: { iss: `${app}-${ALICE_UID}-${role}@${home.network}/default` }
    }),
    issuerCertificate: await home.certificateFor({ privateKey: alice, role, app })
  })
  const foreign = await network({ network: 'other.example', root: 'other root' })
  const impostor = await network({ root: 'other root' })
  const uid = BOB_UID
  const cases: VectorCase<GrantInput>[] = [
    { name: 'good, of the authority', input, now, expected },
    { name: 'good, of the owner', input: inputByOwner, now, expected: expectedByOwner },
    refused('not yet valid', 'NOT_YET_VALID', {}, now - 6 * MINUTE - 1),
    refused('expired', 'EXPIRED', {}, now + 365 * DAY + MINUTE),
    refused('another holder', 'BAD_CLAIM', { holder: ALICE_UID }),
    refused('another app', 'BAD_CLAIM', { app: 'other' }),
    refused('alg none', 'BAD_HEADER', { token: await forged({ header: { alg: 'none' } }) }),
    refused('extra header', 'BAD_HEADER', { token: await forged({ header: { jwk: {} } }) }),
    refused('a certificate', 'BAD_HEADER', { token: owner.certificate }),
    refused('foreign network', 'WRONG_NETWORK', { token: await foreign.authority.issueGrant({ uid, app: 'etest' }) }),
    refused('foreign root', 'WRONG_ROOT', { token: await impostor.authority.issueGrant({ uid, app: 'etest' }) }),
    refused('tampered payload', 'BAD_SIGNATURE', { token: tamper(token, { sub: ALICE_UID }) }),
    refused('too large', 'TOO_LARGE', { token: await forged({ claims: { more: 'x'.repeat(MAX_CERTIFICATE_BYTES) } }) }),
    refused('owner without certificate', 'WRONG_ROOT', { token: byOwner.token }),
    refused('owner, certificate expired', 'EXPIRED', byOwner, now + DAY + MINUTE),
    refused("another key than the certificate's", 'WRONG_KEY', {
      ...byOwner,
      token: await reforge(byOwner.token, bob, {})
    }),
    refused('signed by a partner', 'BAD_CLAIM', await signedBy('partner', 'etest')),
    refused('signed by the owner of another app', 'BAD_CLAIM', await signedBy('owner', 'other'))
  ]
  for (const claim of Object.keys(takeApart(token).claims)) {
    const missing = await forged({ claims: { [claim]: undefined } })
    cases.push(refused(`claim ${claim} missing`, 'BAD_CLAIM', { token: missing }))
  }
  const list = async (subject: string) => (await network()).authority.revoke(subject)
  cases.push(
    refused('holder revoked', 'REVOKED', { revocations: await list(uidSubject(BOB_UID)) }),
    refused('owner revoked by key', 'REVOKED', { ...byOwner, revocations: await list(peerIdOf(alice)) }),
    refused('owner revoked by user', 'REVOKED', { ...byOwner, revocations: await list(uidSubject(ALICE_UID)) }),
    refused('app revoked', 'REVOKED', { revocations: await list('app:etest') }),
    refused('id revoked', 'REVOKED', { revocations: await list('jti:vector-1') }),
    refused('service of the holder revoked', 'REVOKED', { revocations: await list(`get:etest/${BOB_UID}`) }),
    {
      name: 'another service of the holder revoked',
      input: { ...input, revocations: await list(`get:other/${BOB_UID}`) },
      now,
      expected
    },
    ...(await issuedGrants(home, expected))
  )
  return { network: home.network, root: home.authority.rootId, cases }
}

function jidVectors(): { cases: VectorCase<string>[] } {
  const good = (name: string, app: string, uid: string, role: string, network: string, resource: string) => ({
    name,
    input: `${app}-${uid}-${role}@${network}/${resource}`,
    now: TEST_NOW,
    expected: { app, uid, role, network, resource }
  })
  const bad = (name: string, input: string) => ({ name, input, now: TEST_NOW, reason: 'INVALID' as const })
  const label = 'a'.repeat(63)
  const longest = `${label}.${label}.${label}.${'a'.repeat(61)}`
  return {
    cases: [
      good('a worker', 'etest', ALICE_UID, 'owner', 'xaiom.com', 'default'),
      good('a website', 'etest', BOB_UID, 'user', 'xaiom.com', 'webxo.1'),
      good('shortest', 'a', '1', 'user', 'n', '.'),
      good('longest', label, 'Z'.repeat(64), 'partner', longest, '_'.repeat(64)),
      good('network with hyphens and digits', 'a1', 'x', 'partner', '1-2.a--b.c', 'R_1'),
      bad('empty', ''),
      bad('no resource', 'etest-1-owner@xaiom.com'),
      bad('empty resource', 'etest-1-owner@xaiom.com/'),
      bad('no role', 'etest-1@xaiom.com/default'),
      bad('unknown role', 'etest-1-admin@xaiom.com/default'),
      bad('role in capitals', 'etest-1-OWNER@xaiom.com/default'),
      bad('hyphen in app', 'e-test-1-owner@xaiom.com/default'),
      bad('app in capitals', 'Etest-1-owner@xaiom.com/default'),
      bad('app starts with a digit', '1test-1-owner@xaiom.com/default'),
      bad('app too long', `${label}a-1-owner@xaiom.com/default`),
      bad('uid too long', `etest-${'1'.repeat(65)}-owner@xaiom.com/default`),
      bad('underscore in uid', 'etest-a_b-owner@xaiom.com/default'),
      bad('hyphen in resource', 'etest-1-owner@xaiom.com/de-fault'),
      bad('resource too long', `etest-1-owner@xaiom.com/${'a'.repeat(65)}`),
      bad('second slash', 'etest-1-owner@xaiom.com/default/x'),
      bad('second at sign', 'etest-1-owner@a@xaiom.com/default'),
      bad('network in capitals', 'etest-1-owner@Xaiom.com/default'),
      bad('network ends with a dot', 'etest-1-owner@xaiom.com./default'),
      bad('label starts with a hyphen', 'etest-1-owner@-xaiom.com/default'),
      bad('label ends with a hyphen', 'etest-1-owner@xaiom-.com/default'),
      bad('label too long', `etest-1-owner@${label}a.com/default`),
      bad('network too long', `etest-1-owner@${longest}a/default`),
      bad('line break at the end', 'etest-1-owner@xaiom.com/default\n'),
      bad('letter outside ASCII', 'etest-1-owner@xaiom.com/défault')
    ]
  }
}

/** The text of each vector file by its name. */
export async function identityVectors(): Promise<Record<string, string>> {
  const files = {
    'certificates.json': await certificateVectors(),
    'grants.json': await grantVectors(),
    'jids.json': jidVectors()
  }
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, `${JSON.stringify(file, null, 2)}\n`]))
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await identityVectors())) {
    await writeFile(new URL(`../test/vectors/${name}`, import.meta.url), text)
  }
}
