/**
 * Writes `test/vectors/{leases,requests,revocations,roots}.json`, the signed statements beside certificates and grants, which
 * every implementation of Nexus reads in its tests. Run: `node scripts/vectors-statements.ts`
 */
import { writeFile } from 'node:fs/promises'
import { MAX_CERTIFICATE_BYTES } from '../src/constants.ts'
import type { IdentityFailure } from '../src/errors.ts'
import { requestCertificate } from '../src/identity/enrolment.ts'
import { peerIdOf } from '../src/identity/keys.ts'
import { signLease } from '../src/identity/lease.ts'
import { signRevocationList, uidSubject } from '../src/identity/revocation.ts'
import { reforge, tamper } from '../test/support/forge.ts'
import {
  ALICE_UID,
  alice,
  BOB_UID,
  bob,
  countingIds,
  frozenClock,
  keyFor,
  TEST_NETWORK,
  TEST_NOW,
  testNetwork
} from '../test/support/identities.ts'
import type { LeaseInput, RequestInput, RevocationInput, VectorCase, VectorFile } from './vector-files.ts'
import { revocationCases } from './vectors-revocations.ts'
import { rootVectors } from './vectors-roots.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE
const NOW_S = TEST_NOW / 1_000
const MAX_VERSION = Number.MAX_SAFE_INTEGER
const SITE = 'https://shop.example'
const root = await keyFor('root')
const otherRoot = await keyFor('other root')
const home = await testNetwork({ clock: frozenClock(TEST_NOW), randomId: countingIds('vector') })
const rootId = home.authority.rootId

type Claims = Record<string, unknown>

/** Cases of one kind of statement: what is good with other claims, and what is refused. */
function casesOf<Input extends { token: string }>(input: Input, key: typeof root) {
  const now = TEST_NOW
  const changed = (claims: Claims) => reforge(input.token, key, { claims })
  return {
    good: (name: string, expected: object, change: Partial<Input> = {}, at = now): VectorCase<Input> => ({
      name,
      input: { ...input, ...change },
      now: at,
      expected
    }),
    refused: (name: string, reason: IdentityFailure, change: Partial<Input> = {}, at = now): VectorCase<Input> => ({
      name,
      input: { ...input, ...change },
      now: at,
      reason
    }),
    /** Cases of claims that are refused. */
    bad: (list: Record<string, Claims>): Promise<VectorCase<Input>[]> =>
      Promise.all(
        Object.entries(list).map(async ([name, claims]) => ({
          name,
          input: { ...input, token: await changed(claims) },
          now,
          reason: 'BAD_CLAIM' as const
        }))
      ),
    changed
  }
}

async function leaseVectors(): Promise<VectorFile<LeaseInput>> {
  const worker = { privateKey: alice, resource: 'default' }
  const certificate = await home.certificateFor(worker)
  const page = await home.certificateFor({ ...worker, block: 'xwebsite' })
  const signer = { privateKey: alice, certificate: await home.verifier().verify(certificate) }
  const lease = { event: 'join', version: TEST_NOW, addresses: ['/ip4/203.0.113.7/tcp/9700'], load: 0 } as const
  const token = await signLease(signer, { ...lease, issuedAt: TEST_NOW })
  const { good, refused, bad, changed } = casesOf<LeaseInput>({ token, certificate }, alice)
  const longer = { token: await changed({ hold: 120 }) }
  const endless = { token: await changed({ hold: 3_600 }) }
  const addrs = Array.from({ length: 33 }, (_, index) => `/dns4/host${index}/tcp/1`)
  const cases = [
    good('good', lease),
    good('good, the last moment', lease, {}, TEST_NOW + MINUTE),
    good('good, the first moment', lease, {}, TEST_NOW - MINUTE),
    good('good, renewed', { ...lease, event: 'renew', load: 7 }, { token: await changed({ event: 'renew', load: 7 }) }),
    good(
      'good, leaving, no address',
      { ...lease, event: 'leave', addresses: [] },
      { token: await changed({ event: 'leave', addrs: [] }) }
    ),
    good(
      'good, 32 addresses',
      { ...lease, addresses: addrs.slice(0, 32) },
      { token: await changed({ addrs: addrs.slice(0, 32) }) }
    ),
    good(
      'good, an address that is none',
      { ...lease, addresses: ['nowhere'] },
      { token: await changed({ addrs: ['nowhere'] }) }
    ),
    good(
      'good, the largest version',
      { ...lease, version: MAX_VERSION },
      { token: await changed({ ver: MAX_VERSION }) }
    ),
    good('good, unknown claim', lease, { token: await changed({ more: 1 }) }),
    good('good, holds for 2 min, the last moment', { ...lease, holdMs: 120_000 }, longer, TEST_NOW + 3 * MINUTE),
    refused('old, holds for 2 min', 'EXPIRED', longer, TEST_NOW + 3 * MINUTE + 1),
    refused('old, says that it holds for an hour', 'EXPIRED', endless, TEST_NOW + 6 * MINUTE + 1),
    refused('old', 'EXPIRED', {}, TEST_NOW + MINUTE + 1),
    refused('of the future', 'NOT_YET_VALID', {}, TEST_NOW - MINUTE - 1),
    refused('signed by another', 'WRONG_KEY', { token: await reforge(token, bob, {}) }),
    refused('changed', 'BAD_SIGNATURE', { token: tamper(token, { load: 9 }) }),
    refused('of another network', 'WRONG_NETWORK', { token: await changed({ aud: 'other.example' }) }),
    refused('of a block that is no worker', 'BAD_CLAIM', { certificate: page }),
    refused('a certificate', 'BAD_HEADER', { token: certificate }),
    refused('too large', 'TOO_LARGE', { token: await changed({ more: 'x'.repeat(MAX_CERTIFICATE_BYTES) }) }),
    ...(await bad({
      'sub of another key': { sub: peerIdOf(bob) },
      'iss of another block': { iss: `etest-${ALICE_UID}-owner@${TEST_NETWORK}/other` },
      'no network': { aud: undefined },
      'no time': { iat: undefined },
      'an event of a later version': { event: 'pause' },
      'version 0': { ver: 0 },
      'a version over 2^53 - 1': { ver: 2 ** 53 },
      'a version with a fraction': { ver: 1.5 },
      'no addresses': { addrs: undefined },
      '33 addresses': { addrs },
      'an address that is no text': { addrs: [1] },
      'a load below 0': { load: -1 },
      'a load that is text': { load: '0' },
      'a hold of 0': { hold: 0 },
      'a hold with a fraction': { hold: 1.5 },
      'a hold that is text': { hold: '60' }
    }))
  ]
  return { network: home.network, root: rootId, cases }
}

async function requestVectors(): Promise<{ cases: VectorCase<RequestInput>[] }> {
  const token = await requestCertificate(alice, { audience: SITE, issuedAt: TEST_NOW, id: 'one' })
  const { good, refused, bad, changed } = casesOf<RequestInput>({ token, audience: SITE }, alice)
  const expected = { peerId: peerIdOf(alice), id: 'one' }
  const cases = [
    good('good', expected),
    good('good, a day old', expected, {}, TEST_NOW + DAY),
    good('good, a day and a minute ahead', expected, {}, TEST_NOW - DAY - MINUTE),
    good('good, unknown claim', expected, { token: await changed({ more: 1 }) }),
    good(
      'good, jti of 128 characters',
      { ...expected, id: 'x'.repeat(128) },
      { token: await changed({ jti: 'x'.repeat(128) }) }
    ),
    refused('over a day old', 'EXPIRED', {}, TEST_NOW + DAY + 1),
    refused('over a day and a minute ahead', 'NOT_YET_VALID', {}, TEST_NOW - DAY - MINUTE - 1),
    refused('for another site', 'BAD_CLAIM', { audience: 'https://other.example' }),
    refused('for the site by another port', 'BAD_CLAIM', { audience: `${SITE}:8443` }),
    refused('for the site with a path', 'BAD_CLAIM', { token: await changed({ aud: `${SITE}/` }) }),
    refused('in the name of another key', 'WRONG_KEY', { token: await changed({ iss: peerIdOf(bob) }) }),
    refused('changed', 'BAD_SIGNATURE', { token: tamper(token, { jti: 'two' }) }),
    refused('a certificate', 'BAD_HEADER', { token: await home.certificateFor({ privateKey: alice }) }),
    refused('too large', 'TOO_LARGE', { token: await changed({ more: 'x'.repeat(MAX_CERTIFICATE_BYTES) }) }),
    ...(await bad({
      'iss that is no peer id': { iss: 'somebody' },
      'no iss': { iss: undefined },
      'no aud': { aud: undefined },
      'no iat': { iat: undefined },
      'an empty jti': { jti: '' },
      'jti of 129 characters': { jti: 'x'.repeat(129) }
    }))
  ]
  return { cases }
}

async function revocationVectors(): Promise<VectorFile<RevocationInput>> {
  const list = (version: number, revoked: Record<string, number>, privateKey = root, network = home.network) =>
    signRevocationList(
      { privateKey, network },
      { version, revoked: new Map(Object.entries(revoked)), issuedAt: TEST_NOW }
    )
  const token = await list(2, { [peerIdOf(bob)]: NOW_S, [uidSubject(ALICE_UID)]: NOW_S - 10 })
  const { good, refused, bad, changed } = casesOf<RevocationInput>({ token }, root)
  const judged = [
    { peerId: peerIdOf(bob), issuedAt: TEST_NOW - 1_000, revoked: true },
    { peerId: peerIdOf(bob), issuedAt: TEST_NOW, revoked: false },
    { peerId: peerIdOf(alice), uid: ALICE_UID, issuedAt: TEST_NOW - 11_000, revoked: true },
    { peerId: peerIdOf(alice), uid: ALICE_UID, issuedAt: TEST_NOW - 10_000, revoked: false },
    { peerId: peerIdOf(alice), uid: BOB_UID, issuedAt: 0, revoked: false }
  ]
  const kept = { version: 2, kept: true, judged }
  const cases: VectorCase<RevocationInput>[] = [
    good('good', kept),
    good('good, over a lower one', kept, { held: await list(1, {}) }),
    good('good, not over its like', { version: 2, kept: false }, { held: await list(2, {}) }),
    good(
      'good, not over a higher one',
      { version: MAX_VERSION, kept: false, judged: judged.map((one) => ({ ...one, revoked: false })) },
      { held: await list(MAX_VERSION, {}) }
    ),
    good(
      'good, numbered by ms',
      { version: TEST_NOW, kept: true },
      { token: await changed({ ver: TEST_NOW }), held: token }
    ),
    good(
      'good, empty',
      { version: 2, kept: true, judged: [{ peerId: peerIdOf(bob), issuedAt: 0, revoked: false }] },
      { token: await changed({ revoked: {} }) }
    ),
    good('good, subjects of a later version', kept, {
      token: await changed({ revoked: { ...subjects(), 'dns:vector.example': NOW_S, '': 0 } })
    }),
    good('good, of any time', kept, { token: await changed({ iat: 0 }) }),
    good('good, unknown claim', kept, { token: await changed({ more: 1 }) }),
    refused('of another network', 'WRONG_NETWORK', { token: await list(2, {}, root, 'other.example') }),
    refused('of another root', 'WRONG_ROOT', { token: await list(2, {}, otherRoot) }),
    refused('changed', 'BAD_SIGNATURE', { token: tamper(token, { ver: 3 }) }),
    refused('a certificate', 'BAD_HEADER', { token: await home.certificateFor({ privateKey: alice }) }),
    ...(await bad({
      'iss not the authority': { iss: 'somebody' },
      'no network': { aud: undefined },
      'no time': { iat: undefined },
      'version 0': { ver: 0 },
      'no version': { ver: undefined },
      'a version over 2^53 - 1': { ver: 2 ** 53 },
      'a version that is text': { ver: '2' },
      'no subjects': { revoked: undefined },
      'subjects in a list': { revoked: [peerIdOf(bob)] },
      'a second that is text': { revoked: { [peerIdOf(bob)]: `${NOW_S}` } },
      'a second with a fraction, of a later version': { revoked: { ...subjects(), 'dns:vector.example': 0.5 } },
      'a second over what a date holds': { revoked: { [peerIdOf(bob)]: 8_640_000_000_001 } }
    })),
    ...(await revocationCases())
  ]
  return { network: home.network, root: rootId, cases }
}

function subjects(): Record<string, number> {
  return { [peerIdOf(bob)]: NOW_S, [uidSubject(ALICE_UID)]: NOW_S - 10 }
}

/** The text of each vector file by its name. */
export async function statementVectors(): Promise<Record<string, string>> {
  const files = {
    'leases.json': await leaseVectors(),
    'requests.json': await requestVectors(),
    'revocations.json': await revocationVectors(),
    'roots.json': await rootVectors()
  }
  return Object.fromEntries(Object.entries(files).map(([name, file]) => [name, `${JSON.stringify(file, null, 2)}\n`]))
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await statementVectors())) {
    await writeFile(new URL(`../test/vectors/${name}`, import.meta.url), text)
  }
}
