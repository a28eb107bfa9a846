import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { HeldRefusals } from '../../relay/held-refusals.ts'
import type { RelayEvent } from '../../relay/options.ts'
import type { Relay } from '../../relay/relay.ts'
import { NexusError } from '../../src/errors.ts'
import type { Credential } from '../../src/identity/credential.ts'
import { generateKey } from '../../src/identity/keys.ts'
import { channelTopic } from '../../src/protocols/gossip/topic-names.ts'
import { GossipEnvelope } from '../../src/protocols/pb/gossip.ts'
import { startMember, stopMembers } from '../support/members.ts'
import { TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const EXPIRED = new NexusError('REFUSED', 'the certificate has ended', { reason: 'EXPIRED' })

describe('what a relay tells of its peers', () => {
  let mesh: TestMesh
  let events: RelayEvent[]
  let relay: Relay

  beforeEach(async () => {
    mesh = await TestMesh.create()
    events = []
    relay = await mesh.relay({ onEvent: (event) => events.push(event) })
  })

  afterEach(async () => {
    await stopMembers()
    await mesh.stop()
  })

  const refused = (): Array<Extract<RelayEvent, { event: 'refused' }>> =>
    events.filter((event) => event.event === 'refused')

  it('has the address that a member came from', async () => {
    const block = await mesh.block({}, { listen: [], bootstrap: relay.addresses.slice(0, 1) })
    await until(() => events.length > 0)
    const [{ event, peer, address }] = events as [Extract<RelayEvent, { event: 'connected' }>]
    assert.deepEqual([event, peer], ['connected', block.identity.peerId])
    assert.match(address ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\//)
  })

  it('has the address and the reason of one that was refused, once for a dial of several addresses', async () => {
    const stranger = await TestMesh.create({ network: 'elsewhere.example' })
    await assert.rejects(stranger.block({}, { listen: [], bootstrap: relay.addresses }), { code: 'REFUSED' })
    await until(() => refused().length > 0, 'the refusal', 5_000)
    assert.match(refused()[0]?.address ?? '', /^\/ip4\/127\.0\.0\.1\/tcp\/\d+/)
    assert.equal(refused()[0]?.reason, 'WRONG_NETWORK')
    await mesh.drop(relay)
    assert.equal(refused().length, 1)
  })

  it('says why it refuses messages of a member, and counts them', async () => {
    const listener = await mesh.block({}, { listen: [], bootstrap: relay.addresses.slice(0, 1) })
    await listener.subscribe('news', () => undefined)
    const member = await startMember(mesh.network, { listen: [] })
    await member.parts.node.libp2p.dial(multiaddr(relay.addresses[0]))
    const { gossip } = member.parts.node.libp2p.services
    const topic = channelTopic(mesh.network.network, 'news')
    const question = { topic, as: 'publisher' }
    await member.parts.system.call(relay.identity.peerId, '$topic', question, { timeoutMs: 5_000 })
    await until(() => gossip.getSubscribers(topic).length > 0, 'it is told of the topic')
    const data = GossipEnvelope.encode({ certificate: '', payload: Uint8Array.of(1), time: Date.now() })
    await gossip.publish(topic, data)
    const told = () => events.find((event) => event.event === 'refused-messages')
    await until(() => told() !== undefined, 'the refused message')
    const { jid, ...event } = told()!
    assert.deepEqual(event, {
      event: 'refused-messages',
      peer: member.peerId,
      from: member.peerId,
      topic,
      messages: 1,
      message: 'NO_CERTIFICATE: no certificate was shown'
    })
    assert.equal(relay.status().refusedMessages, 1)
  })

  it('says nothing of a refusal when the peer got in a moment later', async () => {
    const privateKey = await generateKey()
    const good = await mesh.network.credentialFor({ privateKey })
    const elsewhere = await TestMesh.create({ network: 'elsewhere.example' })
    const wrong = await elsewhere.network.credentialFor({ privateKey })
    const dial = async (network: TestMesh['network'], credential: Credential): Promise<void> => {
      const member = await startMember(network, { credential, listen: [] })
      await member.parts.node.libp2p.dial(multiaddr(relay.addresses[0])).catch(() => undefined)
    }
    await dial(elsewhere.network, wrong)
    await dial(mesh.network, good)
    await until(() => events.some(({ event }) => event === 'connected'), 'the member')
    // What is held is told when it stops.
    await mesh.drop(relay)
    assert.deepEqual(refused(), [])
  })
})

describe('held refusals', () => {
  let told: Array<[peer: string, address: string]>
  let refusals: HeldRefusals

  beforeEach(() => {
    told = []
    refusals = new HeldRefusals(({ peer, address }) => told.push([peer, address]), 50)
  })

  afterEach(() => refusals.stop())

  it('are told once, a moment later', async () => {
    refusals.refused('a', 'one', EXPIRED)
    refusals.refused('a', 'two', EXPIRED)
    assert.deepEqual(told, [])
    await until(() => told.length > 0)
    assert.deepEqual(told, [['a', 'one']])
    refusals.refused('a', 'three', EXPIRED)
    await until(() => told.length > 1)
  })

  it('are not told of those who got in, and told again of those who did not', () => {
    refusals.refused('a', 'one', EXPIRED)
    refusals.refused('b', 'two', EXPIRED)
    refusals.gotIn('a')
    refusals.stop()
    assert.deepEqual(told, [['b', 'two']])
  })

  it('are told at once when there are too many', () => {
    for (let count = 0; count < 1_001; count++) {
      refusals.refused(`${count}`, '', EXPIRED)
    }
    assert.deepEqual(told, [['1000', '']])
  })
})
