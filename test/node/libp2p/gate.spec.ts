import assert from 'node:assert/strict'
import { RELAY_V2_HOP_CODEC } from '@libp2p/circuit-relay-v2'
import type { Connection } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import { MAX_CONNECTIONS_PER_PEER } from '../../../src/constants.ts'
import type { NexusError } from '../../../src/errors.ts'
import { peerIdOf } from '../../../src/identity/keys.ts'
import { Gate } from '../../../src/node/libp2p/gate.ts'
import { assertCode, log } from '../../support/calls.ts'
import { alice, bob, mallory, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { startTcpProxy, type TcpProxy } from '../../support/tcp-proxy.ts'
import { until } from '../../support/until.ts'

const tcpOf = (member: TestMember) => member.addresses()[0]!

describe('gate', () => {
  let network: TestNetwork
  let member: TestMember
  const proxies: TcpProxy[] = []
  let refused: Array<[peerId: string, reason: string | undefined]>

  const onRefused = (peerId: string, { reason }: NexusError): void => void refused.push([peerId, reason])

  beforeEach(async () => {
    refused = []
    network = await testNetwork()
    member = await startMember(network, { block: { privateKey: alice }, onRefused })
  })

  afterEach(async () => {
    proxies.splice(0).forEach((proxy) => void proxy.close())
    await stopMembers()
  })

  it('lets a peer in whose certificate holds, and both sides know each other then', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    await other.dial(member)
    assert.deepEqual(member.parts.node.verified.get(other.peerId)?.identity, other.parts.identity)
    assert.deepEqual(other.parts.node.verified.get(member.peerId)?.identity, member.parts.identity)
    assert.deepEqual(refused, [])
  })

  it('keeps a peer of another network out, and tells both sides', async () => {
    const elsewhere = await testNetwork({ network: 'elsewhere.example' })
    const stranger = await startMember(elsewhere, { block: { privateKey: mallory } })
    await assert.rejects(stranger.parts.node.libp2p.dial(tcpOf(member)))
    await until(() => refused.length === 1)
    assert.deepEqual(refused, [[peerIdOf(mallory), 'WRONG_NETWORK']])
    assert.equal(member.parts.node.libp2p.getConnections().length, 0)
    assert.deepEqual([member.parts.node.verified.size, stranger.parts.node.verified.size], [0, 0])
  })

  it('does not connect to whom it refuses, though it is accepted there', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    await member.credential.revocations.offer(await network.authority.revoke(other.peerId))
    await assertCode('REFUSED', () => member.parts.dialer.dial(tcpOf(other)))
    await until(() => other.parts.node.libp2p.getConnections().length === 0)
    assert.equal(member.parts.node.verified.has(other.peerId), false)
  })

  it('says why a peer was refused, once, and forgets it when the peer comes in', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    const { gate, libp2p } = member.parts.node
    const impostor = await testNetwork({ root: 'another root' })
    const outsider = await startMember(impostor, { block: { privateKey: mallory } })
    await assert.rejects(libp2p.dial(tcpOf(outsider)))
    assert.equal(gate.takeRefusal(outsider.peerId)?.reason, 'WRONG_ROOT')
    assert.equal(gate.takeRefusal(outsider.peerId), undefined)
    await member.dial(other)
    assert.equal(gate.takeRefusal(other.peerId), undefined)
  })

  it('takes a connection that is cut in the middle of the gate for no refusal, on neither side', async () => {
    const refusedHere: string[] = []
    const onRefused = (peerId: string): void => void refusedHere.push(peerId)
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' }, onRefused })
    const proxy = await startTcpProxy(tcpOf(member))
    proxies.push(proxy)
    const { verifier } = member.credential
    const { verify } = verifier
    const checked = Promise.withResolvers<void>()
    verifier.verify = async (...args) => {
      proxy.cut()
      await until(() => other.parts.node.libp2p.getDialQueue().length === 0)
      checked.resolve()
      return verify.apply(verifier, args)
    }
    const { message } = await assertCode('UNREACHABLE', () => other.parts.dialer.dial(proxy.address))
    assert.match(message, /cannot be reached: .+/)
    await checked.promise
    await until(() => member.parts.node.libp2p.getConnections().length === 0)
    verifier.verify = verify
    await other.parts.dialer.dial(proxy.address)
    assert.deepEqual([refused, refusedHere], [[], []])
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
    await other.parts.node.libp2p.dial(tcpOf(member)).catch(() => undefined)
    await until(() => refused.length === 1)
    assert.deepEqual(refused, [[other.peerId, 'REVOKED']])
    await until(() => other.parts.node.libp2p.getConnections().length === 0)
    assert.equal(member.parts.node.libp2p.getConnections().length, 0)
  })

  it('lets verified peers alone through the connection gater, in both directions and for relaying', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    await other.dial(member)
    const { gater } = member.parts.node.gate
    const known = other.parts.node.libp2p.peerId
    const unknown = peerIdFromString(peerIdOf(mallory))
    const connection = new EventTarget() as never
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

  it('lets so many connections of one peer in, and another one when one has ended', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    const connections = (): Connection[] => member.parts.node.libp2p.getConnections(other.parts.node.libp2p.peerId)
    const dialAgain = (): Promise<unknown> =>
      other.parts.node.libp2p.dial(tcpOf(member), { force: true }).catch(() => undefined)

    for (let count = 0; count < MAX_CONNECTIONS_PER_PEER + 2; count++) {
      await dialAgain()
    }
    await until(() => other.parts.node.libp2p.getConnections().length === MAX_CONNECTIONS_PER_PEER)
    assert.equal(connections().length, MAX_CONNECTIONS_PER_PEER)
    connections()[0]?.abort(new Error('enough'))
    await dialAgain()
    await until(() => connections().length === MAX_CONNECTIONS_PER_PEER)
  })

  it('counts the circuits of a peer over all of its connections', async () => {
    const other = await startMember(network, { block: { privateKey: bob, resource: 'other' } })
    await other.dial(member)
    const { libp2p, verified } = member.parts.node
    const hop = { protocol: RELAY_V2_HOP_CODEC }
    let connections: Array<{ streams: Array<{ protocol: string }> }> = []
    const { gater } = new Gate({
      verifier: member.credential.verifier,
      verified,
      proof: () => ({ certificate: '', revocationVersion: 0 }),
      connectionsTo: () => connections as unknown as Connection[],
      maxCircuitsPerPeer: 2,
      log
    })
    const [known] = libp2p.getPeers()
    connections = [{ streams: [hop, { protocol: '/ipfs/ping/1.0.0' }] }, { streams: [hop] }]
    assert.equal(await gater.denyOutboundRelayedConnection?.(known!, known!), false)
    connections.push({ streams: [hop] })
    assert.equal(await gater.denyOutboundRelayedConnection?.(known!, known!), true)
  })
})
