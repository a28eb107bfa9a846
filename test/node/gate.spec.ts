import assert from 'node:assert/strict'
import { peerIdFromString } from '@libp2p/peer-id'
import type { NexusError } from '../../src/errors.ts'
import { peerIdOf } from '../../src/identity/keys.ts'
import { assertCode } from '../support/calls.ts'
import { alice, bob, mallory, type TestNetwork, testNetwork } from '../support/identities.ts'
import { type Member, startMember, stopMembers } from '../support/members.ts'
import { until } from '../support/until.ts'

const tcpOf = (member: Member) => member.addresses()[0]!

describe('gate', () => {
  let network: TestNetwork
  let member: Member
  let refused: Array<[peerId: string, reason: string | undefined]>

  const onRefused = (peerId: string, { reason }: NexusError): void => void refused.push([peerId, reason])

  beforeEach(async () => {
    refused = []
    network = await testNetwork()
    member = await startMember(network, { block: { privateKey: alice }, onRefused })
  })

  afterEach(stopMembers)

  it('lets a peer in whose certificate holds, and both sides know each other then', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    await other.dial(member)
    assert.deepEqual(member.core.mesh.verified.get(other.peerId)?.identity, other.core.identity)
    assert.deepEqual(other.core.mesh.verified.get(member.peerId)?.identity, member.core.identity)
    assert.deepEqual(refused, [])
  })

  it('keeps a peer of another network out, and tells both sides', async () => {
    const elsewhere = await testNetwork({ network: 'elsewhere.example' })
    const stranger = await startMember(elsewhere, { block: { privateKey: mallory } })
    await assert.rejects(stranger.core.mesh.libp2p.dial(tcpOf(member)))
    await until(() => refused.length === 1)
    assert.deepEqual(refused, [[peerIdOf(mallory), 'WRONG_NETWORK']])
    assert.equal(member.core.mesh.libp2p.getConnections().length, 0)
    assert.deepEqual([member.core.mesh.verified.size, stranger.core.mesh.verified.size], [0, 0])
  })

  it('does not connect to whom it refuses, though it is accepted there', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    await member.credential.revocations.offer(await network.authority.revoke(other.peerId))
    await assertCode('REFUSED', () => member.core.dialer.dial(tcpOf(other)))
    await until(() => other.core.mesh.libp2p.getConnections().length === 0)
    assert.equal(member.core.mesh.verified.has(other.peerId), false)
  })

  it('says why a peer was refused, once, and forgets it when the peer comes in', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    const { gate, libp2p } = member.core.mesh
    const impostor = await testNetwork({ root: 'another root' })
    const outsider = await startMember(impostor, { block: { privateKey: mallory } })
    await assert.rejects(libp2p.dial(tcpOf(outsider)))
    assert.equal(gate.takeRefusal(outsider.peerId)?.reason, 'WRONG_ROOT')
    assert.equal(gate.takeRefusal(outsider.peerId), undefined)
    await member.dial(other)
    assert.equal(gate.takeRefusal(other.peerId), undefined)
  })

  it('lets nobody in whose certificate was revoked while it was being shown', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    const { verifier, revocations } = member.credential
    const list = await network.authority.revoke(other.peerId)
    const { verify } = verifier

    // The list comes between the check and the other side's verdict.
    verifier.verify = async (...args) => {
      const certificate = await verify.apply(verifier, args)
      await revocations.offer(list)
      return certificate
    }
    // The dialling side may believe for a moment that it is in.
    await other.core.mesh.libp2p.dial(tcpOf(member)).catch(() => undefined)
    await until(() => refused.length === 1)
    assert.deepEqual(refused, [[other.peerId, 'REVOKED']])
    await until(() => other.core.mesh.libp2p.getConnections().length === 0)
    assert.equal(member.core.mesh.libp2p.getConnections().length, 0)
  })

  it('lets verified peers alone through the connection gater, in both directions and for relaying', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    await other.dial(member)
    const { gater } = member.core.mesh.gate
    const known = other.core.mesh.libp2p.peerId
    const unknown = peerIdFromString(peerIdOf(mallory))
    const connection = undefined as never
    assert.deepEqual(
      [known, unknown].map((peerId) => [
        gater.denyInboundUpgradedConnection?.(peerId, connection),
        gater.denyOutboundUpgradedConnection?.(peerId, connection),
        gater.denyInboundRelayReservation?.(peerId),
        gater.denyOutboundRelayedConnection?.(known, peerId),
        gater.denyOutboundRelayedConnection?.(peerId, known)
      ]),
      [
        [false, false, false, false, false],
        [true, true, true, true, true]
      ]
    )
  })
})
