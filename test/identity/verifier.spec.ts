import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { peerIdOf } from '../../src/identity/keys.ts'
import { uidSubject } from '../../src/identity/revocation.ts'
import { RevocationList } from '../../src/identity/revocation-list.ts'
import { CertificateVerifier } from '../../src/identity/verifier.ts'
import { tamper } from '../support/forge.ts'
import {
  ALICE_UID,
  alice,
  assertInvalid,
  assertRefused,
  bob,
  frozenClock,
  mallory,
  testNetwork
} from '../support/identities.ts'

const MINUTE = 60_000
const DAY = 24 * 60 * MINUTE

async function setUp(init: { cacheSize?: number } = {}) {
  const clock = frozenClock()
  const home = await testNetwork({ clock })
  const token = await home.certificateFor({ privateKey: alice })
  return { clock, home, token, verifier: home.verifier(init) }
}

/** How many signatures are checked while `run` runs. */
async function signatureChecks(run: () => Promise<unknown>): Promise<number> {
  const verify = mock.method(process.getBuiltinModule('node:crypto'), 'verify')

  try {
    await run()
    return verify.mock.callCount()
  } finally {
    verify.mock.restore()
  }
}

describe('certificate verifier', () => {
  it('passes a certificate to those who hold its key', async () => {
    const { verifier, token } = await setUp()
    assert.equal((await verifier.verify(token, peerIdOf(alice))).peerId, peerIdOf(alice))
    assert.equal((await verifier.verify(token)).peerId, peerIdOf(alice))
  })

  it('refuses it from another: WRONG_KEY', async () => {
    const { verifier, token } = await setUp()
    await assertRefused('WRONG_KEY', () => verifier.verify(token, peerIdOf(mallory)))
    await verifier.verify(token, peerIdOf(alice))
    await assertRefused('WRONG_KEY', () => verifier.verify(token, peerIdOf(mallory)))
    await assertRefused('WRONG_KEY', () => verifier.verifyCached(token, peerIdOf(mallory)))
  })

  it('refuses it before its time, a minute forgiven: NOT_YET_VALID', async () => {
    const { verifier, token, clock } = await setUp()
    clock.advance(-6 * MINUTE)
    await verifier.verify(token)
    clock.advance(-1)
    await assertRefused('NOT_YET_VALID', () => verifier.verify(token))
    await assertRefused('NOT_YET_VALID', () => verifier.verifyCached(token))
  })

  it('refuses it after its time, a minute forgiven: EXPIRED', async () => {
    const { verifier, token, clock } = await setUp()
    clock.advance(30 * DAY + MINUTE - 1)
    await verifier.verify(token)
    clock.advance(1)
    await assertRefused('EXPIRED', () => verifier.verify(token))
    await assertRefused('EXPIRED', () => verifier.verifyCached(token))
  })

  it('refuses it once its key or user is revoked, known or not: REVOKED', async () => {
    for (const subject of [peerIdOf(alice), uidSubject(ALICE_UID)]) {
      const { verifier, token, home } = await setUp()
      await verifier.verify(token)
      await verifier.revocations.offer(await home.authority.revoke(subject))
      await assertRefused('REVOKED', () => verifier.verify(token))
      await assertRefused('REVOKED', () => verifier.verifyCached(token))
      const fresh = new CertificateVerifier({
        network: verifier.network,
        roots: home.roots,
        clock: verifier.clock,
        revocations: verifier.revocations
      })
      await assertRefused('REVOKED', () => fresh.verify(token))
    }
  })

  it('lets a certificate made after the revocation pass', async () => {
    const { verifier, home, clock } = await setUp()
    await verifier.revocations.offer(await home.authority.revoke(peerIdOf(alice)))
    await verifier.verify(await home.certificateFor({ privateKey: alice }))
    clock.advance(1000)
    await verifier.verify(await home.certificateFor({ privateKey: alice }))
  })

  it('checks a signature once', async () => {
    const { verifier, token } = await setUp()
    assert.equal(await signatureChecks(() => verifier.verify(token)), 1)
    assert.equal(await signatureChecks(() => verifier.verify(token)), 0)
  })

  it('checks a signature once for those who ask at the same time', async () => {
    const { verifier, token } = await setUp()
    const asks = () => [peerIdOf(alice), undefined, peerIdOf(mallory)].map((peerId) => verifier.verify(token, peerId))
    const checks = await signatureChecks(async () => {
      const settled = await Promise.allSettled([...asks(), ...asks()])
      const passed = settled.map(({ status }) => status === 'fulfilled')
      assert.deepEqual(passed, [true, true, false, true, true, false])
    })
    assert.equal(checks, 1)
  })

  it('does not keep what failed', async () => {
    const { verifier, token, clock } = await setUp()
    const forged = tamper(token, { uid: 'other' })
    const twice = async () => {
      await assertRefused('BAD_SIGNATURE', () => verifier.verify(forged))
      await assertRefused('BAD_SIGNATURE', () => verifier.verify(forged))
    }
    assert.equal(await signatureChecks(twice), 2)
    assert.equal(verifier.verifyCached(forged), undefined)

    clock.advance(-DAY)
    await assertRefused('NOT_YET_VALID', () => verifier.verify(token))
    assert.equal(verifier.verifyCached(token), undefined)
    clock.advance(DAY)
    await verifier.verify(token)
  })

  it('gives a known certificate at once', async () => {
    const { verifier, token } = await setUp()
    assert.equal(verifier.verifyCached(token, peerIdOf(alice)), undefined)
    const certificate = await verifier.verify(token)
    assert.equal(verifier.verifyCached(token, peerIdOf(alice)), certificate)
    assert.equal(verifier.verifyCached(token), certificate)
  })

  it('knows nothing of what can be no certificate', async () => {
    const { verifier } = await setUp()
    for (const text of ['', 'x', 'x'.repeat(1_000_000)]) {
      assert.equal(verifier.verifyCached(text), undefined)
    }
    await assertRefused('TOO_LARGE', () => verifier.verify('x'.repeat(1_000_000)))
  })

  it('keeps so many certificates and forgets the one not used for longest', async () => {
    const { verifier, token, home } = await setUp({ cacheSize: 2 })
    const [second, third] = [await home.certificateFor({ privateKey: bob }), await home.certificateFor()]
    await verifier.verify(token)
    await verifier.verify(second)
    verifier.verifyCached(token)
    await verifier.verify(third)
    const known = [token, second, third].map((text) => verifier.verifyCached(text) !== undefined)
    assert.deepEqual(known, [true, false, true])
  })

  it('is not made with a bad network or root', async () => {
    const { home, clock } = await setUp()
    const revocations = new RevocationList(home)
    const make = (changes: object) => () =>
      new CertificateVerifier({ network: home.network, roots: home.roots, clock, revocations, ...changes })
    await assertInvalid(/bad network/, make({ network: 'Bad' }))
    await assertInvalid(/peer id/, make({ roots: ['root'] }))
  })
})
