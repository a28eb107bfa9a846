import assert from 'node:assert/strict'
import { defaultLogger } from '@libp2p/logger'
import { multiaddr } from '@multiformats/multiaddr'
import { RelayStun } from '../../../src/node/connect/relay-stun.ts'
import { stunServerAt } from '../../../src/node/libp2p/addresses.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { TestMesh } from '../../support/mesh.ts'

describe('the STUN servers of relays', () => {
  let mesh: TestMesh
  let member: TestMember
  let stun: RelayStun

  beforeEach(async () => {
    mesh = await TestMesh.create()
    member = await startMember(mesh.network)
    const { node, system } = member.parts
    stun = new RelayStun({
      relays: () => node.libp2p.getConnections(),
      system,
      log: defaultLogger().forComponent('nexus:test')
    })
  })

  afterEach(async () => {
    await stopMembers()
    await mesh.stop()
  })

  const connect = async (stunPort: number | undefined): Promise<string> => {
    const relay = await mesh.relay({ stunPort })
    await member.parts.node.libp2p.dial(multiaddr(relay.addresses[0]))
    return `stun:127.0.0.1:${relay.stun.ip4}`
  }

  it('are those that connected relays tell, two at most', async () => {
    assert.deepEqual(await stun.servers(), [])
    const first = await connect(0)
    await connect(undefined)
    assert.deepEqual(await stun.servers(), [{ urls: first }])
    const second = await connect(0)
    assert.deepEqual(await stun.servers(), [{ urls: first }, { urls: second }])
    await connect(0)
    assert.equal((await stun.servers()).length, 2)
  })

  it('are asked for once on each connection, and again when a relay did not answer', async () => {
    const other = await startMember(mesh.network)
    await member.dial(other)
    assert.deepEqual(await stun.servers(), [])
    let asked = 0
    other.parts.system.serve('$relay', () => {
      asked++
      return { stun: { ip4: 3478, ip6: 'many' } }
    })
    await stun.servers()
    assert.deepEqual(await stun.servers(), [{ urls: 'stun:127.0.0.1:3478' }])
    assert.equal(asked, 1)
  })
})

describe('the STUN server at an address', () => {
  const both = { ip4: 1, ip6: 2 }

  for (const [address, url] of [
    ['/ip4/192.0.2.1/tcp/9700', 'stun:192.0.2.1:1'],
    ['/ip6/2001:db8::1/tcp/9701/ws', 'stun:[2001:db8::1]:2'],
    ['/dns4/relay.example/tcp/443/wss', 'stun:relay.example:1'],
    ['/dns6/relay.example/tcp/443/wss', 'stun:relay.example:2'],
    ['/dns/relay.example/tcp/443/tls/ws', 'stun:relay.example:1']
  ] as const) {
    it(`is on its host: ${address}`, () => {
      assert.deepEqual(stunServerAt(multiaddr(address), both), [{ urls: url }])
    })
  }

  it('is none where there is none of its kind, and behind a relay', () => {
    assert.deepEqual(stunServerAt(multiaddr('/ip6/::1/tcp/1'), { ip4: 1 }), [])
    assert.deepEqual(stunServerAt(multiaddr('/dns/relay.example/tcp/1/ws'), { ip6: 2 }), [
      { urls: 'stun:relay.example:2' }
    ])
    const relay = '12D3KooWGzxzKZYveHXtpG6AsrUJBcWxHBFS2HsEoGTxrMLvKXtf'
    assert.deepEqual(stunServerAt(multiaddr(`/ip4/192.0.2.1/tcp/1/p2p/${relay}/p2p-circuit`), both), [])
  })
})
