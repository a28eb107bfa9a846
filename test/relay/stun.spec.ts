import assert from 'node:assert/strict'
import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { multiaddr } from '@multiformats/multiaddr'
import type { RelayEvent } from '../../relay/options.ts'
import type { Relay } from '../../relay/relay.ts'
import { bindingAnswer } from '../../relay/stun-binding.ts'
import { startMember, stopMembers } from '../support/members.ts'
import { LOOPBACK_TCP, LOOPBACK_WS, TestMesh } from '../support/mesh.ts'
import { until } from '../support/until.ts'

const REQUEST = Buffer.from('000100002112a442b7e7a701bc34d686fa87dfae', 'hex')

describe('answers to STUN binding requests', () => {
  it('are those of RFC 5769, the test vectors of STUN, for IPv4 and IPv6', () => {
    const mapped = (address: string, port: number) => bindingAnswer(REQUEST, address, port)?.toString('hex', 20)
    assert.equal(mapped('192.0.2.1', 32853), '002000080001a147e112a643')
    assert.equal(
      mapped('2001:db8:1234:5678:11:2233:4455:6677', 32853),
      '002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9'
    )
    assert.equal(
      bindingAnswer(REQUEST, '192.0.2.1', 1)?.toString('hex', 0, 20),
      `0101000c${REQUEST.toString('hex', 4)}`
    )
  })

  it('are given to requests with attributes that need not be understood, and to no others', () => {
    const withAttributes = (hex: string): Buffer => {
      const message = Buffer.concat([REQUEST, Buffer.from(hex, 'hex')])
      message.writeUInt16BE(hex.length / 2, 2)
      return message
    }
    const answer = (message: Buffer) => bindingAnswer(message, '192.0.2.1', 1)?.length
    // SOFTWARE "abc" filled up to four, and FINGERPRINT.
    assert.equal(answer(withAttributes('8022000361626300802800040badcafe')), 32)
    // USERNAME; cut off; of another length than it says; an answer; without the cookie.
    assert.equal(answer(withAttributes('0006000461626364')), undefined)
    assert.equal(answer(withAttributes('8022')), undefined)
    assert.equal(answer(Buffer.concat([REQUEST, Buffer.alloc(4)])), undefined)
    assert.equal(answer(Buffer.from(`0101${REQUEST.toString('hex', 2)}`, 'hex')), undefined)
    assert.equal(answer(Buffer.concat([REQUEST.subarray(0, 4), Buffer.alloc(16)])), undefined)
    assert.equal(answer(REQUEST.subarray(0, 19)), undefined)
  })
})

describe('STUN at a relay', () => {
  let mesh: TestMesh
  let relay: Relay
  let socket: Socket
  const events: RelayEvent[] = []

  before(async () => {
    mesh = await TestMesh.create()
  })

  beforeEach(async () => {
    events.length = 0
    socket = createSocket('udp4')
    socket.bind(0, '127.0.0.1')
    await once(socket, 'listening')
  })

  afterEach(async () => {
    socket.close()
    await stopMembers()
    await mesh.stop()
  })

  const start = async (stunPort?: number): Promise<void> => {
    relay = await mesh.relay({ stunPort, onEvent: (event) => events.push(event) })
  }

  it('tells whoever asks its address and port', async () => {
    await start(0)
    const answered = once(socket, 'message')
    socket.send(REQUEST, relay.stun.ip4!, '127.0.0.1')
    const [answer] = await answered
    assert.deepEqual(answer, bindingAnswer(REQUEST, '127.0.0.1', socket.address().port))
  })

  it('is answered on IPv6 too, where the relay listens there', async () => {
    const listen = [LOOPBACK_TCP, LOOPBACK_WS, '/ip6/::1/tcp/0']
    relay = await mesh.relay({ stunPort: 0, listen })
    const ip6 = createSocket('udp6')
    const answered = once(ip6, 'message')
    ip6.send(REQUEST, relay.stun.ip6!, '::1')
    const [answer] = await answered
    assert.deepEqual(answer, bindingAnswer(REQUEST, '::1', ip6.address().port))
    ip6.close()
  })

  it('goes on without it, says so once and announces none, when the port is taken', async () => {
    await start(socket.address().port)
    assert.equal(events.length, 1)
    const [event] = events
    assert.equal(event?.event, 'stun-failed')
    assert.match((event as { message: string }).message, /EADDRINUSE/)
    assert.deepEqual(relay.stun, {})
    const block = await mesh.block({}, { listen: [], bootstrap: relay.addresses })
    assert.deepEqual(block.status.state, 'online')
  })

  it('answers one host so often and no more', async () => {
    await start(0)
    let answers = 0
    socket.on('message', () => answers++)
    const other = createSocket('udp4')
    other.bind(0, '127.0.0.2')
    await once(other, 'listening')
    const began = performance.now()
    for (let asked = 0; asked < 600; asked++) {
      socket.send(REQUEST, relay.stun.ip4!, '127.0.0.1')
      // So that none is dropped for want of room: what another host asked last is answered when all was looked at.
      if (asked % 30 === 29) {
        const answered = once(other, 'message')
        other.send(REQUEST, relay.stun.ip4!, '127.0.0.1')
        await answered
      }
    }
    await until(
      () => answers >= 200,
      () => `${answers} answers`
    )
    const most = 201 + ((performance.now() - began) / 1_000) * 50
    assert.ok(answers <= most, `${answers} answers, ${most} at most`)
    other.close()
  })

  it('is told to members, with what else the relay has, by $relay', async () => {
    await start(0)
    const { system, node } = (await startMember(mesh.network)).parts
    await node.libp2p.dial(multiaddr(relay.addresses[0]))
    const answer = (await system.call(relay.identity.peerId, '$relay', {}, { timeoutMs: 2_000 })) as any
    assert.deepEqual(answer.stun, relay.stun)
    assert.deepEqual(
      answer.webSockets,
      relay.addresses.filter((address) => address.includes('/ws/'))
    )
    assert.deepEqual(answer.limits, { maxReservations: 10_000, maxCircuitsPerPeer: 256, maxTopicsPerPeer: 500 })
    assert.ok(Math.abs(answer.time - Date.now()) < 5_000)
  })
})
