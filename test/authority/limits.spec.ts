import assert from 'node:assert/strict'
import { RateLimits } from '../../src/authority/rate-limits.ts'
import { alice } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { TestAuthority } from './support/service.ts'

const MANY = { burst: 1_000, perSecond: 1_000 }
const FEW = { burst: 3, perSecond: 0.001 }

describe('limits of an authority service', () => {
  let authority: TestAuthority

  afterEach(async () => {
    await authority?.close()
    await removeTemporaryDirectories()
  })

  it('a source that guesses secrets is not heard any more, whether it guesses right or not', async () => {
    authority = await TestAuthority.start(await temporaryDirectory(), { guessAllowance: FEW })
    const secret = await authority.secret()

    for (let tries = 0; tries < 5; tries++) {
      assert.equal((await authority.enroll(alice, secret)).status, 200)
    }

    const wrong = `${secret.slice(0, -4)}AAAA`
    for (let tries = 0; tries < 3; tries++) {
      assert.equal((await authority.enroll(alice, wrong)).body.error.code, 'BAD_SECRET')
    }

    const { status, body, headers } = await authority.enroll(alice, wrong)
    assert.deepEqual([status, body.error.code, headers.get('retry-after')], [429, 'RATE_LIMITED', '10'])
    assert.equal((await authority.enroll(alice, secret)).status, 429)
  })

  it('a source that asks too often is told so', async () => {
    const sourceAllowance = { burst: 6, perSecond: 0.001 }
    authority = await TestAuthority.start(await temporaryDirectory(), { sourceAllowance })
    const statuses = []
    for (let asked = 0; asked < 8; asked++) {
      statuses.push((await authority.ask('GET', '/nonce')).status)
    }
    // Two were taken by the app and its partner.
    assert.deepEqual(statuses, [200, 200, 200, 200, 429, 429, 429, 429])
  })

  it('behind a proxy that is trusted, a source is what the proxy saw', async () => {
    const sourceAllowance = { burst: 3, perSecond: 0.001 }
    authority = await TestAuthority.start(await temporaryDirectory(), { sourceAllowance, trustProxy: true })
    const from = (source: string) => authority.ask('GET', '/nonce', undefined, { 'x-forwarded-for': source })
    for (let asked = 0; asked < 3; asked++) {
      assert.equal((await from(`10.0.0.${asked}, 192.0.2.7`)).status, 200)
    }
    assert.equal((await from('10.0.0.9, 192.0.2.7')).status, 429)
    assert.equal((await from('192.0.2.8')).status, 200)
  })

  it('a user gets no certificates without end', async () => {
    authority = await TestAuthority.start(await temporaryDirectory(), { userAllowance: FEW })
    const secret = await authority.secret()
    const statuses = []
    for (let tries = 0; tries < 4; tries++) {
      statuses.push((await authority.enroll(alice, secret)).status)
    }
    assert.deepEqual(statuses, [200, 200, 200, 429])
    assert.equal((await authority.enroll(alice, await authority.secret({ uid: 'bert' }))).status, 200)
  })

  it('a host has one allowance for all of its IPv6 addresses, and for IPv4 within them', () => {
    const limits = new RateLimits({ sourceAllowance: FEW, guessAllowance: MANY, userAllowance: MANY }, () => 0)
    for (const source of ['2001:db8:1:2::1', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::7:8', '::ffff:192.0.2.1']) {
      limits.countRequest(source)
    }
    assert.throws(() => limits.countRequest('2001:db8:1:2:9::'), /too many requests/)
    limits.countRequest('2001:db8:1:3::1')
    limits.countRequest('192.0.2.1')
    limits.countRequest('192.0.2.1')
    assert.throws(() => limits.countRequest('::ffff:192.0.2.1'), /too many requests/)
  })
})
