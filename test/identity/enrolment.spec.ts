import assert from 'node:assert/strict'
import { Authority } from '../../src/identity/authority.ts'
import { openCredential } from '../../src/identity/credential.ts'
import {
  answerRequest,
  credentialOf,
  parseAnswer,
  requestCertificate,
  verifyRequest
} from '../../src/identity/enrolment.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { alice, assertInvalid, assertRefused, bob, TEST_NETWORK, TEST_NOW } from '../support/identities.ts'

const SITE = 'https://shop.example'
const HOUR_MS = 60 * 60_000
const CARL = { app: 'shop', uid: 'carl', role: 'user', block: 'xwebsite' } as const

describe('certificates for pages', () => {
  const request = (issuedAt = TEST_NOW): Promise<string> =>
    requestCertificate(alice, { audience: SITE, issuedAt, id: 'one' })
  const verify = async (token: string): Promise<string> =>
    (await verifyRequest(token, { audience: SITE, now: TEST_NOW })).peerId

  it('prove the key of the page', async () => {
    assert.equal(await verify(await request()), peerIdOf(alice))
  })

  it('take clocks that are wrong by a day', async () => {
    assert.equal(await verify(await request(TEST_NOW - 23 * HOUR_MS)), peerIdOf(alice))
    assert.equal(await verify(await request(TEST_NOW + 23 * HOUR_MS)), peerIdOf(alice))
    await assertRefused('EXPIRED', async () => verify(await request(TEST_NOW - 25 * HOUR_MS)))
    await assertRefused('NOT_YET_VALID', async () => verify(await request(TEST_NOW + 25 * HOUR_MS)))
  })

  it('refuse a request for another site', async () => {
    const token = await request()
    await assertRefused('BAD_CLAIM', () => verifyRequest(token, { audience: 'https://other.example', now: TEST_NOW }))
  })

  it("refuse a request with another's name, a changed one, and what is none", async () => {
    const [head, payload, signature] = (await request()).split('.') as [string, string, string]
    const [otherHead] = (await requestCertificate(bob, { audience: SITE, issuedAt: TEST_NOW, id: 'one' })).split(
      '.'
    ) as [string]
    await assertRefused('WRONG_KEY', () => verify(`${otherHead}.${payload}.${signature}`))
    const changed = Buffer.from(payload, 'base64url').toString().replace('"one"', '"two"')
    await assertRefused('BAD_SIGNATURE', () =>
      verify(`${head}.${Buffer.from(changed).toString('base64url')}.${signature}`)
    )
    await assertRefused('BAD_HEADER', () => verify('hello'))
    await assertRefused('TOO_LARGE', () => verify('x'.repeat(10_000)))
  })

  it('are answered with all that a page needs to join', async () => {
    const authority = await Authority.create({ network: TEST_NETWORK })
    const clock = Date.now
    const token = await requestCertificate(alice, { audience: SITE, issuedAt: clock(), id: 'one' })
    const bootstrap = ['/dns4/relay.example/tcp/443/wss']
    const answer = await answerRequest(authority, token, { ...CARL, audience: SITE, bootstrap })
    assert.deepEqual(parseAnswer(JSON.parse(JSON.stringify(answer))), answer)
    const { certificate } = await openCredential(credentialOf(alice, answer), { clock })
    assert.equal(certificate.jid, `shop-carl-user@${TEST_NETWORK}/webxo`)
    assert.equal(certificate.peerId, peerIdOf(alice))
    assert.equal(certificate.expiresAt - certificate.issuedAt, HOUR_MS)
    assert.deepEqual(answer.bootstrap, bootstrap)
  })

  it('have the resource that is usual for the block, or the one that is given', async () => {
    const authority = await Authority.create({ network: TEST_NETWORK })
    const token = await requestCertificate(alice, { audience: SITE, issuedAt: Date.now(), id: 'one' })
    const resourceOf = async (terms: object): Promise<string> => {
      const answer = await answerRequest(authority, token, { ...CARL, ...terms, audience: SITE, bootstrap: [] })
      return (await openCredential(credentialOf(alice, answer), { clock: Date.now })).certificate.resource
    }
    assert.equal(await resourceOf({ block: 'adminpanel' }), 'webuo')
    assert.equal(await resourceOf({ resource: 'shopfront' }), 'shopfront')
  })

  it('an answer that is none is INVALID', async () => {
    await assertInvalid(/answer\.version/, () => parseAnswer({ version: 2 }))
    await assertInvalid(/answer/, () => parseAnswer('hello'))
  })
})
