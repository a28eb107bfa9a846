import assert from 'node:assert/strict'
import { CLOCK_LEEWAY_S, MAX_CERTIFICATE_BYTES } from '../../src/constants.ts'
import type { Certificate } from '../../src/identity/certificate.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { holdOf, signLease, verifyLease } from '../../src/identity/lease.ts'
import { reforge, takeApart, tamper } from '../support/forge.ts'
import { alice, assertRefused, BOB_UID, bob, TEST_NOW, testNetwork } from '../support/identities.ts'

const LEEWAY_MS = CLOCK_LEEWAY_S * 1000
const terms = { event: 'renew', version: 7, addresses: ['/ip4/10.0.0.1/tcp/9'], load: 3, issuedAt: TEST_NOW } as const
const network = await testNetwork({ clock: () => TEST_NOW })
const verifier = network.verifier()
const certificate = await verifier.verify(await network.certificateFor({ privateKey: alice }))
const token = await signLease({ privateKey: alice, certificate }, terms)

const check = (lease: string, of: Certificate = certificate, now = TEST_NOW) => verifyLease(lease, of, now)

/** A lease with these claims, well signed. */
const withClaims = (claims: Record<string, unknown>) => reforge(token, alice, { claims })

describe('lease', () => {
  it('says what its worker has said', async () => {
    const { issuedAt: _, ...said } = terms
    assert.deepEqual(await check(token), { ...said, token })
  })

  it('carries these claims and no more', () => {
    assert.deepEqual(takeApart(token), {
      header: { alg: 'EdDSA', typ: 'nexus-lease+jwt', kid: peerIdOf(alice) },
      claims: {
        iss: certificate.jid,
        aud: network.network,
        sub: peerIdOf(alice),
        iat: TEST_NOW / 1000,
        ver: 7,
        event: 'renew',
        addrs: terms.addresses,
        load: 3
      }
    })
  })

  it('names the first 32 addresses of a block with more', async () => {
    const addresses = Array.from({ length: 40 }, (_, index) => `/dns4/host${index}/tcp/1`)
    const lease = await check(await signLease({ privateKey: alice, certificate }, { ...terms, addresses }))
    assert.deepEqual(lease.addresses, addresses.slice(0, 32))
  })

  it('holds for a minute before and after it was signed', async () => {
    await check(token, certificate, TEST_NOW + LEEWAY_MS)
    await check(token, certificate, TEST_NOW - LEEWAY_MS)
    await assertRefused('EXPIRED', () => check(token, certificate, TEST_NOW + LEEWAY_MS + 1))
    await assertRefused('NOT_YET_VALID', () => check(token, certificate, TEST_NOW - LEEWAY_MS - 1))
  })

  it('says how long it holds, if it does, and may be as much older', async () => {
    const longer = await signLease({ privateKey: alice, certificate }, { ...terms, holdMs: 90_500 })
    assert.equal((takeApart(longer).claims as { hold?: number }).hold, 91)
    assert.equal((await check(longer, certificate, TEST_NOW + LEEWAY_MS + 91_000)).holdMs, 91_000)
    await assertRefused('EXPIRED', () => check(longer, certificate, TEST_NOW + LEEWAY_MS + 91_001))
    await assertRefused('NOT_YET_VALID', () => check(longer, certificate, TEST_NOW - LEEWAY_MS - 1))
  })

  it('holds for five minutes at most', async () => {
    const lease = await check(await withClaims({ hold: 4_000 }))
    assert.deepEqual([holdOf(lease), holdOf({}), holdOf({ holdMs: 7 })], [300_000, 15_000, 7])
    const late = TEST_NOW + LEEWAY_MS + 300_001
    await assertRefused('EXPIRED', async () => check(await withClaims({ hold: 4_000 }), certificate, late))
  })

  describe('is refused', () => {
    for (const hold of [0, -1, 1.5, '15', null]) {
      it(`when it says that it holds for ${JSON.stringify(hold)}`, () =>
        assertRefused('BAD_CLAIM', async () => check(await withClaims({ hold }))))
    }

    it('when it is too large', () => assertRefused('TOO_LARGE', () => check('x'.repeat(MAX_CERTIFICATE_BYTES + 1))))

    it('when it is none', () => assertRefused('BAD_HEADER', () => check('no lease')))

    it('when it is a certificate', () => assertRefused('BAD_HEADER', () => check(certificate.token)))

    it('of another network', async () => {
      const other = await withClaims({ aud: 'elsewhere.example' })
      await assertRefused('WRONG_NETWORK', () => check(other))
    })

    it("with another's signature", async () => {
      const others = await reforge(token, bob, {})
      await assertRefused('WRONG_KEY', () => check(others))
    })

    it("with another's signature under the worker's name", async () => {
      const forged = await reforge(token, bob, { header: { kid: peerIdOf(alice) } })
      await assertRefused('BAD_SIGNATURE', () => check(forged))
    })

    it('when it was changed', () => assertRefused('BAD_SIGNATURE', () => check(tamper(token, { ver: 8 }))))

    it('with the certificate of another peer', async () => {
      const others = await verifier.verify(await network.certificateFor({ privateKey: bob }))
      await assertRefused('WRONG_KEY', () => check(token, others))
    })

    it('with another certificate of the same peer', async () => {
      const other = await verifier.verify(await network.certificateFor({ privateKey: alice, uid: BOB_UID }))
      await assertRefused('BAD_CLAIM', () => check(token, other))
    })

    it('of a block that is no worker', async () => {
      const site = await verifier.verify(await network.certificateFor({ privateKey: alice, block: 'xwebsite' }))
      const lease = await signLease({ privateKey: alice, certificate: site }, terms)
      await assertRefused('BAD_CLAIM', () => check(lease, site))
    })

    const claims: Array<[claim: string, value: unknown]> = [
      ['sub', peerIdOf(bob)],
      ['iss', 'somebody'],
      ['iat', 'now'],
      ['event', 'rest'],
      ['event', undefined],
      ['ver', 0],
      ['ver', 1.5],
      ['ver', '7'],
      ['addrs', undefined],
      ['addrs', '/ip4/10.0.0.1/tcp/9'],
      ['addrs', [1]],
      ['addrs', Array.from({ length: 33 }, () => '/ip4/10.0.0.1/tcp/9')],
      ['load', -1],
      ['load', 0.5],
      ['load', undefined]
    ]

    for (const [claim, value] of claims) {
      it(`with ${claim} ${JSON.stringify(value)?.slice(0, 30)}`, async () => {
        const bad = await withClaims({ [claim]: value })
        await assertRefused('BAD_CLAIM', () => check(bad))
      })
    }
  })
})
