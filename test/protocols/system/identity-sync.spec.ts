import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import { assertCode } from '../../support/calls.ts'
import { assertRefused, BOB_UID, mallory, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

const options = { timeoutMs: 5_000 }
const knows = (member: TestMember, other: TestMember): boolean => member.parts.node.verified.has(other.peerId)
const isConnected = (member: TestMember, other: TestMember): boolean => member.parts.isConnected(other.peerId)
const versionOf = ({ credential }: TestMember): number => credential.revocations.version

describe('identity sync', () => {
  let network: TestNetwork
  let left: TestMember
  let right: TestMember

  beforeEach(async () => {
    network = await testNetwork()
    left = await startMember(network, { block: { resource: 'left' } })
    right = await startMember(network, { block: { resource: 'right' } })
    await left.dial(right)
  })

  afterEach(stopMembers)

  describe('of revocation lists', () => {
    it('pushes a newer list, and a peer that it revokes is disconnected everywhere', async () => {
      const revoked = await startMember(network, { block: { resource: 'revoked' } })
      await revoked.dial(left)
      await revoked.dial(right)
      await until(() => isConnected(right, revoked) && isConnected(left, revoked))
      await left.credential.revocations.offer(await network.authority.revoke(revoked.peerId))
      await until(() => versionOf(right) === 1, 'the list')
      await until(() => !isConnected(right, revoked) && !isConnected(left, revoked))
      assert.deepEqual([knows(left, revoked), knows(right, revoked)], [false, false])
      assert.equal(isConnected(left, right), true)
      await until(() => !isConnected(revoked, right))
      await assertCode('REFUSED', () => revoked.parts.dialer.connect(right.peerId))
    })

    it('passes a list on, from peer to peer', async () => {
      const third = await startMember(network, { block: { resource: 'third' } })
      await third.dial(right)
      await left.credential.revocations.offer(await network.authority.revoke('uid:nobody'))
      await until(() => versionOf(third) === 1)
    })

    it('tells a peer that connects with an older list, whoever dials', async () => {
      await left.credential.revocations.offer(await network.authority.revoke('uid:nobody'))
      await until(() => versionOf(right) === 1)
      const { revocations: _, ...old } = await network.credentialFor({ resource: 'late' })
      const dialling = await startMember(network, { credential: old })
      await dialling.dial(left)
      await until(() => versionOf(dialling) === 1)
      const { revocations: __, ...older } = await network.credentialFor({ resource: 'later' })
      const dialled = await startMember(network, { credential: older })
      await right.dial(dialled)
      await until(() => versionOf(dialled) === 1)
    })

    it('tells again when a peer could not be told', async () => {
      let busy = true
      right.parts.system.serve('$revocations', (body) => {
        if (busy) {
          throw new Error('not now')
        }
        return right.credential.revocations.offer((body as { list: string }).list).then(() => null)
      })
      await left.credential.revocations.offer(await network.authority.revoke('uid:nobody'))
      await until(() => left.parts.node.verified.get(right.peerId)?.revocationVersion === 0)
      busy = false
      const connect = new CustomEvent('peer:connect', { detail: peerIdFromString(right.peerId) })
      left.parts.node.libp2p.dispatchEvent(connect)
      await until(() => versionOf(right) === 1)
    })

    it('refuses what is no list, or of another root', async () => {
      const push = (list: unknown) =>
        left.parts.system.call(right.peerId, '$revocations', { list } as { list: string }, options)
      await assertCode('INVALID', () => push(7))
      await assertCode('REFUSED', () => push('no list'))
      const impostor = await testNetwork({ root: 'another root' })
      const forged = await impostor.authority.revoke(left.peerId)
      await assertCode('REFUSED', () => push(forged))
      assert.equal(versionOf(right), 0)
      assert.equal(isConnected(right, left), true)
    })
  })

  describe('of certificates', () => {
    const renew = (block: { resource: string; uid?: string }) =>
      network.certificateFor({ ...block, privateKey: left.credential.privateKey, validForMs: 90 * 24 * 60 * 60_000 })

    it('shows a renewed one to the peers, who take it', async () => {
      const before = right.parts.node.verified.get(left.peerId)?.certificate
      left.parts.sync.pushCertificate(await renew({ resource: 'left' }))
      await until(() => right.parts.node.verified.get(left.peerId)?.certificate !== before)
      const after = right.parts.node.verified.get(left.peerId)
      assert.ok((after?.certificate.expiresAt ?? 0) > (before?.expiresAt ?? 0))
      assert.equal(after?.identity.jid, left.parts.identity.jid)
    })

    const show = (certificate: unknown) =>
      left.parts.system.call(right.peerId, '$certificate', { certificate } as { certificate: string }, options)

    it("refuses another peer's", async () => {
      const others = await network.certificateFor({ privateKey: mallory, uid: BOB_UID })
      await assertCode('REFUSED', () => show(others))
      await assertCode('REFUSED', () => show(right.credential.certificate.token))
      assert.deepEqual(right.parts.node.verified.get(left.peerId)?.identity, left.parts.identity)
    })

    it('refuses what is none', async () => {
      await assertCode('INVALID', () => show(undefined))
      await assertCode('REFUSED', () => show('no certificate'))
    })
  })

  it('does nothing any more when it was stopped', async () => {
    left.parts.sync.stop()
    await left.credential.revocations.offer(await network.authority.revoke('uid:nobody'))
    await left.parts.system.call(right.peerId, '$leases', { app: 'etest' }, options)
    assert.equal(versionOf(right), 0)
    await assertRefused('REVOKED', async () => {
      await left.credential.revocations.offer(await network.authority.revoke(right.peerId))
      left.credential.verifier.check(right.credential.certificate)
    })
  })
})
