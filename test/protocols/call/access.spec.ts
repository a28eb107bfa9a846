import assert from 'node:assert/strict'
import { CLOCK_LEEWAY_S } from '../../../src/constants.ts'
import { peerIdOf } from '../../../src/identity/keys.ts'
import { uidSubject } from '../../../src/identity/revocation.ts'
import type { CertificateVerifier } from '../../../src/identity/verifier.ts'
import { Access } from '../../../src/protocols/call/access.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import type { Identity } from '../../../src/types.ts'
import { assertCode, identityFor, sessionOf } from '../../support/calls.ts'
import {
  ALICE_UID,
  alice,
  BOB_UID,
  type FrozenClock,
  frozenClock,
  MALLORY_UID,
  mallory,
  type TestNetwork,
  testNetwork
} from '../../support/identities.ts'

const DAY_MS = 24 * 60 * 60_000
const worker = identityFor('worker')
const stranger = identityFor('stranger', { app: 'other', uid: BOB_UID, role: 'user' })

describe('access', () => {
  let clock: FrozenClock
  let network: TestNetwork
  let verifier: CertificateVerifier
  let access: Access

  beforeEach(async () => {
    clock = frozenClock()
    network = await testNetwork({ clock })
    verifier = network.verifier()
    access = new Access({ self: worker, isPublic: true, verifier })
  })

  describe('to whom a worker exists', () => {
    const cases: Array<[who: string, peer: Identity, ofPrivate: boolean]> = [
      ['its own user', identityFor('p', { app: 'other', role: 'user' }), true],
      ["its app's owner", identityFor('p', { uid: BOB_UID, role: 'owner' }), true],
      ["a partner of its app's owner", identityFor('p', { uid: BOB_UID, role: 'partner' }), false],
      ['another user of its app', identityFor('p', { uid: BOB_UID, role: 'user' }), false],
      ["another app's owner", identityFor('p', { app: 'other', uid: BOB_UID, role: 'owner' }), false],
      ['a stranger', stranger, false]
    ]

    for (const [who, peer, visible] of cases) {
      it(`${who}: public yes, private ${visible ? 'yes' : 'no'}`, async () => {
        const hidden = new Access({ self: worker, isPublic: false, verifier })
        assert.equal(access.isVisibleTo(peer), true)
        access.checkServes(peer)
        assert.equal(hidden.isVisibleTo(peer), visible)

        if (visible) {
          hidden.checkServes(peer)
        } else {
          await assertCode('NO_WORKER', () => hidden.checkServes(peer))
        }
      })
    }

    it('serves nobody on a block that is no worker', async () => {
      for (const block of ['xwebsite', 'adminpanel', 'device', 'relay'] as const) {
        const other = new Access({ self: { ...worker, block }, isPublic: true, verifier })
        await assertCode('FORBIDDEN', () => other.checkServes(worker))
      }
    })
  })

  describe('who has the service', () => {
    /** What becomes of a call of this peer that has shown this grant. */
    const call = async (
      peer: Identity,
      grant?: { token: string; issuerCertificate?: string }
    ): Promise<PeerSession> => {
      const session = sessionOf(peer)

      if (grant !== undefined) {
        access.show(session, grant.token, grant.issuerCertificate)
      }

      await access.checkHasService(session)
      return session
    }

    const granted = async (uid: string, app = 'etest', validForMs?: number): Promise<{ token: string }> => ({
      token: await network.authority.issueGrant({ uid, app, validForMs })
    })

    it("the app's owner and partner, at once and without a grant", () => {
      for (const role of ['owner', 'partner'] as const) {
        assert.equal(access.checkHasService(sessionOf(identityFor('p', { uid: BOB_UID, role }))), undefined)
      }
    })

    it("not the app's user without a grant", async () => {
      await assertCode('FORBIDDEN', () => call(identityFor('p', { role: 'user' })), /no grant was shown/)
    })

    it("not another app's owner without a grant", async () => {
      await assertCode('FORBIDDEN', () => call({ ...stranger, role: 'owner' }), /no grant was shown/)
    })

    it('a user who has shown a grant, then at once', async () => {
      const session = await call(stranger, await granted(BOB_UID))
      const grant = access.checkHasService(session)
      assert.ok(!(grant instanceof Promise))
      assert.equal(grant?.holder, BOB_UID)
    })

    it("a user whose grant the app's owner has signed", async () => {
      const certificate = await network.certificateFor({ privateKey: alice, uid: ALICE_UID, role: 'owner' })
      await call(stranger, await network.grantBy({ privateKey: alice, certificate }, { holder: BOB_UID, app: 'etest' }))
    })

    it("not a user whose grant another app's owner has signed", async () => {
      const certificate = await network.certificateFor({ privateKey: mallory, app: 'evil', uid: MALLORY_UID })
      const own = await network.grantBy({ privateKey: mallory, certificate }, { holder: BOB_UID, app: 'evil' })
      await assertCode('FORBIDDEN', () => call(stranger, own), /the grant was refused/)
    })

    it('not with the grant of another app', async () => {
      const other = await granted(BOB_UID, 'other')
      await assertCode('FORBIDDEN', () => call(stranger, other), /for the app other/)
    })

    it('not with the grant of another user', async () => {
      const other = await granted(ALICE_UID)
      await assertCode('FORBIDDEN', () => call(stranger, other), /the grant was refused/)
    })

    it('not with what is no grant', async () => {
      await assertCode('FORBIDDEN', () => call(stranger, { token: 'let me in' }), /the grant was refused/)
    })

    it('not with a grant that has ended, also after it was taken', async () => {
      const grant = await granted(BOB_UID, 'etest', DAY_MS)
      const session = await call(stranger, grant)
      clock.advance(DAY_MS + CLOCK_LEEWAY_S * 1000)
      await assertCode('FORBIDDEN', () => access.checkHasService(session), /ended/)
      await assertCode('FORBIDDEN', () => call(stranger, grant), /ended/)
    })

    it('not with a grant whose holder was revoked, also after it was taken', async () => {
      const session = await call(stranger, await granted(BOB_UID))
      await verifier.revocations.offer(await network.authority.revoke(uidSubject(BOB_UID)))
      await assertCode('FORBIDDEN', () => access.checkHasService(session), /revoked/)
    })

    it('not with a grant whose issuer was revoked, also after it was taken', async () => {
      const certificate = await network.certificateFor({ privateKey: alice })
      const grant = await network.grantBy({ privateKey: alice, certificate }, { holder: BOB_UID, app: 'etest' })
      const session = await call(stranger, grant)
      await verifier.revocations.offer(await network.authority.revoke(peerIdOf(alice)))
      await assertCode('FORBIDDEN', () => access.checkHasService(session), /revoked/)
    })

    it('not the user that the peer has become since it showed its grant', async () => {
      const session = await call(stranger, await granted(BOB_UID))
      session.peer = { ...stranger, uid: MALLORY_UID }
      await assertCode('FORBIDDEN', () => access.checkHasService(session), /not of/)
    })

    it('whoever has shown a good grant after a bad one', async () => {
      const session = sessionOf(stranger)
      access.show(session, 'let me in', undefined)
      access.show(session, (await granted(BOB_UID)).token, undefined)
      await access.checkHasService(session)
    })

    it('checks four grants of a session at a time, and leaves out more', async () => {
      const session = sessionOf(stranger)
      const { token } = await granted(BOB_UID)

      for (let count = 0; count < 4; count++) {
        access.show(session, `bad ${count}`, undefined)
      }

      access.show(session, token, undefined)
      await assertCode('FORBIDDEN', () => access.checkHasService(session))
      access.show(session, token, undefined)
      await access.checkHasService(session)
    })
  })
})
