import assert from 'node:assert/strict'
import { Authority } from '../../src/identity/authority.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { alice, bob } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { type Answer, TestAuthority } from './support/service.ts'

const DAY_MS = 24 * 60 * 60_000

/** What is asked, and what comes of it: status, code, and the reason with `REFUSED`. */
type Case = [what: string, ask: (authority: TestAuthority) => Promise<Answer>, ...refusal: [number, string, string?]]

const enrollWith =
  (terms: Parameters<TestAuthority['proof']>[1]) =>
  async (authority: TestAuthority): Promise<Answer> =>
    authority.ask('POST', '/enroll', { request: await authority.proof(bob, terms), secret: await authority.secret() })

const foreign = async (): Promise<string> =>
  (await Authority.create({ network: 'other.example' })).issueCertificate({
    peerId: peerIdOf(bob),
    app: 'etest',
    uid: 'anna',
    role: 'owner',
    block: 'worker',
    resource: 'default'
  })

const CASES: Case[] = [
  ['a wrong nonce', enrollWith({ nonce: 'AAAAAAAAAAAAAAAAAAAAAAAA' }), 401, 'BAD_NONCE'],
  [
    'a nonce that was used',
    async (authority) => {
      const nonce = await authority.nonce()
      const secret = await authority.secret()
      const ask = async (): Promise<Answer> =>
        authority.ask('POST', '/enroll', { request: await authority.proof(alice, { nonce }), secret })
      await ask()
      return ask()
    },
    401,
    'USED'
  ],
  [
    'an expired secret',
    async (authority) => authority.enroll(bob, await authority.secret({ validForMs: 1 })),
    401,
    'SECRET_EXPIRED'
  ],
  [
    'a revoked secret',
    async (authority) => {
      const secret = await authority.secret()
      await authority.admin('DELETE', `/secrets/${secret.split('.')[2]}`)
      return authority.enroll(bob, secret)
    },
    401,
    'SECRET_REVOKED'
  ],
  [
    'a certificate of another network',
    async (authority) =>
      authority.ask('POST', '/renew', { request: await authority.proof(bob), certificate: await foreign() }),
    401,
    'REFUSED',
    'WRONG_NETWORK'
  ],
  ['a clock a day late', enrollWith({ issuedAt: Date.now() - DAY_MS - 60_000 }), 401, 'REFUSED', 'EXPIRED'],
  ['a clock a day early', enrollWith({ issuedAt: Date.now() + DAY_MS + 180_000 }), 401, 'REFUSED', 'NOT_YET_VALID'],
  ['a body that is too large', (authority) => authority.ask('POST', '/enroll', 'x'.repeat(40_000)), 413, 'TOO_LARGE'],
  ['malformed JSON', (authority) => authority.ask('POST', '/renew', '{"request": "'), 400, 'INVALID'],
  ['JSON that is no object', (authority) => authority.ask('POST', '/renew', '7'), 400, 'INVALID'],
  [
    'a field of the wrong type',
    (authority) => authority.ask('POST', '/enroll', { request: [], secret: 1 }),
    400,
    'INVALID'
  ],
  ['a missing field', (authority) => authority.ask('POST', '/renew', { certificate: 'x' }), 400, 'INVALID'],
  [
    'another type of content',
    (authority) =>
      authority.ask('POST', '/enroll', 'request=x', { 'content-type': 'application/x-www-form-urlencoded' }),
    415,
    'CONTENT_TYPE'
  ],
  [
    'an admin call with a field of the wrong type',
    (authority) => authority.operator('POST', '/revocations', { uid: 7 }),
    400,
    'INVALID'
  ],
  [
    'an admin call without a token',
    (authority) => authority.ask('DELETE', '/admin/services/etest/carl'),
    401,
    'BAD_TOKEN'
  ]
]

describe('bad input of the authority service', () => {
  let authority: TestAuthority

  beforeEach(async () => {
    authority = await TestAuthority.start(await temporaryDirectory())
    await authority.admin('PUT', '/services/etest/carl')
  })

  afterEach(async () => {
    await authority.close()
    await removeTemporaryDirectories()
  })

  /** All that the service keeps but its audit log and what a case itself makes: secrets, and the key of alice. */
  const kept = async (): Promise<unknown> => {
    const parts = ['apps', 'services', 'revocations', 'certificates'].map(
      async (name) => (await authority.admin('GET', `/${name}`)).body[name]
    )
    const [apps, services, revocations, certificates] = await Promise.all(parts)
    const { version } = (await authority.ask('GET', '/revocations')).body
    const ofOthers = certificates.filter(({ peer }: { peer: string }) => peer !== peerIdOf(alice))
    return { apps, services, revocations, certificates: ofOthers, version }
  }

  for (const [what, ask, status, code, reason] of CASES) {
    it(`is refused as ${reason ?? code}, is in the audit log, and changes nothing: ${what}`, async () => {
      const before = await kept()
      await authority.refuses(ask(authority), status, code, reason)
      assert.deepEqual(await kept(), before)
    })
  }
})
