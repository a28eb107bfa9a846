import assert from 'node:assert/strict'
import { mock } from 'node:test'
import { CLOCK_LEEWAY_S } from '../../../src/constants.ts'
import type { Certificate } from '../../../src/identity/certificate.ts'
import { peerIdOf } from '../../../src/identity/keys.ts'
import { uidSubject } from '../../../src/identity/revocation.ts'
import type { CertificateVerifier } from '../../../src/identity/verifier.ts'
import { VerifiedPeers, type VerifiedPeersInit } from '../../../src/protocols/peers/verified-peers.ts'
import {
  alice,
  assertRefused,
  BOB_UID,
  bob,
  type FrozenClock,
  frozenClock,
  mallory,
  type TestBlock,
  type TestNetwork,
  testNetwork
} from '../../support/identities.ts'

const LEEWAY_MS = CLOCK_LEEWAY_S * 1000
const DAY_MS = 24 * 60 * 60_000

describe('verified peers', () => {
  let clock: FrozenClock
  let network: TestNetwork
  let verifier: CertificateVerifier
  let peers: VerifiedPeers
  let removed: Array<[peerId: string, reason: string | undefined]>

  const certificateOf = async (block: TestBlock): Promise<Certificate> =>
    verifier.verify(await network.certificateFor(block))

  const create = (init: Partial<VerifiedPeersInit> = {}): VerifiedPeers => {
    const created = new VerifiedPeers({
      clock,
      revocations: verifier.revocations,
      isConnected: () => false,
      ...init
    })
    created.addEventListener('removed', ({ detail }) => {
      removed.push([detail.peer.identity.peerId, detail.reason.reason])
    })
    return created
  }

  /** Lets this time pass, on the clock and for timers. */
  const pass = (ms: number): void => {
    clock.advance(ms)
    mock.timers.tick(ms)
  }

  beforeEach(async () => {
    clock = frozenClock()
    network = await testNetwork({ clock })
    verifier = network.verifier()
    removed = []
    peers = create()
  })

  afterEach(() => {
    peers.stop()
    mock.timers.reset()
  })

  it('keeps a peer, with the identity that its certificate says and nothing beside', async () => {
    const certificate = await certificateOf({ privateKey: alice })
    peers.add(certificate, { revocationVersion: 7 })
    const peer = peers.get(peerIdOf(alice))
    const { network, app, uid, role, block, resource, jid, peerId } = certificate
    assert.deepEqual(peer?.identity, { network, app, uid, role, block, resource, jid, peerId })
    assert.ok(Object.isFrozen(peer?.identity))
    assert.equal(peer?.revocationVersion, 7)
    assert.equal(peers.has(peerIdOf(bob)), false)
  })

  it('removes a peer when its certificate ends, leeway included, and tells', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    peers.add(await certificateOf({ privateKey: alice, validForMs: 10_000 }))
    peers.add(await certificateOf({ privateKey: bob, validForMs: 5_000 }))
    pass(5_000 + LEEWAY_MS - 1)
    assert.deepEqual(removed, [])
    pass(2)
    assert.deepEqual(removed, [[peerIdOf(bob), 'EXPIRED']])
    pass(5_000)
    assert.deepEqual(removed[1], [peerIdOf(alice), 'EXPIRED'])
    assert.equal(peers.size, 0)
  })

  it('knows no peer whose certificate has ended, and removes it soon after the device woke up', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    peers.add(await certificateOf({ privateKey: alice, validForMs: DAY_MS }))
    // Timers stand still while the device sleeps, the clock does not.
    clock.advance(2 * DAY_MS)
    assert.equal(peers.get(peerIdOf(alice)), undefined)
    assert.equal(peers.has(peerIdOf(alice)), false)
    assert.deepEqual(removed, [])
    mock.timers.tick(10_000)
    assert.deepEqual(removed, [[peerIdOf(alice), 'EXPIRED']])
  })

  it('removes a peer when its key is revoked, and tells', async () => {
    peers.add(await certificateOf({ privateKey: alice }))
    peers.add(await certificateOf({ privateKey: bob, uid: BOB_UID }))
    await verifier.revocations.offer(await network.authority.revoke(peerIdOf(bob)))
    assert.deepEqual(removed, [[peerIdOf(bob), 'REVOKED']])
    assert.deepEqual([peers.has(peerIdOf(bob)), peers.has(peerIdOf(alice))], [false, true])
  })

  it('removes all peers of a user who is revoked', async () => {
    peers.add(await certificateOf({ privateKey: alice, uid: BOB_UID }))
    peers.add(await certificateOf({ privateKey: bob, uid: BOB_UID }))
    await verifier.revocations.offer(await network.authority.revoke(uidSubject(BOB_UID)))
    assert.equal(peers.size, 0)
  })

  it('does not take up what was revoked since it was verified', async () => {
    const certificate = await certificateOf({ privateKey: mallory })
    await verifier.revocations.offer(await network.authority.revoke(peerIdOf(mallory)))
    await assertRefused('REVOKED', () => peers.add(certificate))
    assert.equal(peers.has(peerIdOf(mallory)), false)
  })

  it('does not take up what has ended since it was verified', async () => {
    const certificate = await certificateOf({ privateKey: mallory, validForMs: 1_000 })
    clock.advance(1_000 + LEEWAY_MS)
    await assertRefused('EXPIRED', () => peers.add(certificate))
  })

  it('replaces a certificate by a newer one of the same peer, and tells', async () => {
    const old = await certificateOf({ privateKey: alice, resource: 'old' })
    clock.advance(1_000)
    const renewed = await certificateOf({ privateKey: alice, resource: 'new' })
    const told: string[] = []
    peers.addEventListener('verified', ({ detail }) => void told.push(detail.identity.resource))
    peers.add(old)
    peers.add(renewed, { revocationVersion: 1 })
    assert.deepEqual(told, ['old', 'new'])
    assert.equal(peers.get(peerIdOf(alice))?.identity.resource, 'new')
  })

  it('keeps the certificate that ends later', async () => {
    const short = await certificateOf({ privateKey: alice, resource: 'short', validForMs: 10_000 })
    const long = await certificateOf({ privateKey: alice, resource: 'long', validForMs: 20_000 })
    peers.add(long)
    peers.add(short, { revocationVersion: 5 })
    assert.equal(peers.get(peerIdOf(alice))?.identity.resource, 'long')
    assert.equal(peers.get(peerIdOf(alice))?.revocationVersion, 5)
  })

  it('forgets the oldest peer without a connection when there are too many', async () => {
    peers.stop()
    peers = create({ maxPeers: 2, isConnected: (peerId) => peerId === peerIdOf(alice) })
    peers.add(await certificateOf({ privateKey: alice }))
    peers.add(await certificateOf({ privateKey: bob }))
    peers.add(await certificateOf({ privateKey: mallory }))
    assert.deepEqual(
      [...peers.values()].map(({ identity }) => identity.peerId),
      [peerIdOf(alice), peerIdOf(mallory)]
    )
    assert.deepEqual(removed, [])
  })

  it('stops its timer and forgets everybody when cleared', async () => {
    mock.timers.enable({ apis: ['setTimeout'] })
    peers.add(await certificateOf({ privateKey: alice, validForMs: 1_000 }))
    peers.stop()
    assert.equal(peers.size, 0)
    pass(DAY_MS)
    await verifier.revocations.offer(await network.authority.revoke(peerIdOf(alice)))
    assert.deepEqual(removed, [])
  })
})
