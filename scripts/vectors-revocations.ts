/** Cases of what is added to revocation lists, and of lists of issuing keys, for `vectors-statements.ts`. */
import { peekIssuerCertificate, signIssuerCertificate } from '../src/identity/issuing-key.ts'
import { peerIdOf } from '../src/identity/keys.ts'
import { type RevocationEntry, signRevocationDelta, signRevocationList } from '../src/identity/revocation.ts'
import { reforge } from '../test/support/forge.ts'
import { keyFor, TEST_NETWORK, TEST_NOW } from '../test/support/identities.ts'
import type { RevocationInput, RevocationOutcome, VectorCase } from './vector-files.ts'

const NOW_S = TEST_NOW / 1000
const HOUR_S = 60 * 60
const root = await keyFor('root')
const key = await keyFor('issuer')
const now = TEST_NOW
const byRoot = { privateKey: root, network: TEST_NETWORK }

const whole = (
  version: number,
  revoked: Record<string, number>,
  by: Parameters<typeof signRevocationList>[0] = byRoot
) => signRevocationList(by, { version, revoked: new Map(Object.entries(revoked)), issuedAt: TEST_NOW })
const delta = (version: number, since: number, subjects: string[], ended = 0) => {
  const entries = new Map(
    subjects.map((subject): [string, RevocationEntry] => [subject, { before: NOW_S, until: NOW_S + HOUR_S }])
  )
  return signRevocationDelta(byRoot, { version, since, ended, entries, issuedAt: TEST_NOW })
}
const issuedAt = TEST_NOW - 1_000
const one = { uid: 'one', app: 'etest', issuedAt }
const two = { uid: 'two', app: 'etest', issuedAt }

export async function revocationCases(): Promise<VectorCase<RevocationInput>[]> {
  const held = await whole(3, { 'uid:one': NOW_S })
  const good = (name: string, token: string, expected: RevocationOutcome, before: string | undefined = held) => ({
    name: `good, ${name}`,
    input: { token, ...(before === undefined ? {} : { held: before }) },
    now,
    expected
  })
  const both = [
    { ...one, revoked: true },
    { ...two, revoked: true }
  ]
  const first = [
    { ...one, revoked: true },
    { ...two, revoked: false }
  ]
  const added = await delta(4, 3, ['uid:two'])
  return [
    good('added to the version before', added, { version: 4, kept: true, judged: both }),
    good('added to an earlier version', await delta(9, 1, ['uid:two']), { version: 9, kept: true, judged: both }),
    good('added to a later version', await delta(9, 4, ['uid:two']), { version: 3, kept: false, judged: first }),
    good('added to a list that is higher', await delta(3, 2, ['uid:two']), { version: 3, kept: false, judged: first }),
    good('all from version 0 on', await delta(4, 0, ['uid:two']), {
      version: 4,
      kept: true,
      judged: [
        { ...one, revoked: false },
        { ...two, revoked: true }
      ]
    }),
    good('added to a later version, up to which all has ended', await delta(9, 8, ['uid:two'], 8), {
      version: 9,
      kept: true,
      judged: [
        { ...one, revoked: false },
        { ...two, revoked: true }
      ]
    }),
    good('by app and id', await delta(4, 3, ['app:etest', 'jti:vector-1']), {
      version: 4,
      kept: true,
      judged: [
        { ...two, revoked: true },
        { uid: 'two', app: 'shop', issuedAt, revoked: false },
        { uid: 'two', app: 'shop', id: 'vector-1', issuedAt, revoked: true },
        { uid: 'two', app: 'shop', id: 'vector-1', issuedAt: TEST_NOW, revoked: false }
      ]
    }),
    ...(await issuedCases(good)),
    ...(await bentCases(added, held))
  ]
}

type Good = (name: string, token: string, expected: RevocationOutcome, before?: string) => VectorCase<RevocationInput>

async function issuedCases(good: Good): Promise<VectorCase<RevocationInput>[]> {
  const issuerOf = async (apps?: string[]) => {
    const terms = { issuedAt: TEST_NOW, validForMs: HOUR_S * 1000 }
    const token = await signIssuerCertificate(byRoot, { peerId: peerIdOf(key), apps }, terms)
    return { privateKey: key, network: TEST_NETWORK, issuer: peekIssuerCertificate(token) }
  }
  const ofAll = await issuerOf()
  const ofShop = await issuerOf(['shop'])
  const subjects = { 'uid:two': NOW_S }
  return [
    good('of an issuing key, beside that of the roots', await whole(1, subjects, ofAll), {
      version: 3,
      kept: true,
      judged: [
        { ...one, revoked: true },
        { ...two, revoked: true }
      ]
    }),
    good('of an issuing key, for its apps', await whole(1, subjects, ofShop), {
      version: 3,
      kept: true,
      judged: [
        { ...two, revoked: false },
        { ...two, app: 'shop', revoked: true }
      ]
    }),
    {
      name: 'of an issuing key that is revoked',
      input: {
        token: await whole(1, subjects, ofAll),
        held: await whole(4, { [peerIdOf(key)]: NOW_S + 1 })
      },
      now,
      reason: 'REVOKED'
    },
    {
      name: 'of an issuing key without its certificate',
      input: { token: await reforge(await whole(1, subjects, ofAll), key, { claims: { issuer: undefined } }) },
      now,
      reason: 'WRONG_ROOT'
    }
  ]
}

async function bentCases(token: string, held: string): Promise<VectorCase<RevocationInput>[]> {
  const bent: Record<string, Record<string, unknown>> = {
    'added to its own version': { since: 4 },
    'added to a version that is text': { since: '3' },
    'added since -1': { since: -1 },
    'all ended after itself': { ended: 5 },
    'added, no entries': { added: undefined },
    'added, entries in a list': { added: [] },
    'added, an entry of one second': { added: { 'uid:two': [NOW_S] } },
    'added, an entry that is no pair': { added: { 'uid:two': NOW_S } },
    'added, a second with a fraction': { added: { 'uid:two': [NOW_S, NOW_S + 0.5] } }
  }
  return Promise.all(
    Object.entries(bent).map(async ([name, claims]) => ({
      name,
      input: { token: await reforge(token, root, { claims }), held },
      now,
      reason: 'BAD_CLAIM' as const
    }))
  )
}
