import assert from 'node:assert/strict'
import type { MultiaddrConnection } from '@libp2p/interface'
import { multiaddrConnectionPair } from '@libp2p/utils'
import { multiaddr } from '@multiformats/multiaddr'
import { MAX_UNVERIFIED_BYTES } from '../../../src/constants.ts'
import { PendingConnections } from '../../../src/node/libp2p/pending-connections.ts'
import { testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers } from '../../support/members.ts'
import { until } from '../../support/until.ts'

/** The two ends of a connection, the first of which comes from this address. */
function connectionFrom(address: string): [inbound: MultiaddrConnection, remote: MultiaddrConnection] {
  const [remote, inbound] = multiaddrConnectionPair()
  inbound.remoteAddr = multiaddr(address)
  return [inbound, remote]
}

describe('pending connections', () => {
  const admitAll = (pending: PendingConnections, addresses: string[]): boolean[] =>
    addresses.map((address) => pending.admit(connectionFrom(address)[0]))

  it('have so many places for one host, and leave those of others alone', () => {
    const pending = new PendingConnections(2)
    const [one, other] = ['/ip4/192.0.2.1/tcp/1', '/ip4/192.0.2.2/tcp/1/ws']
    assert.deepEqual(admitAll(pending, [one, one, one, other, one]), [true, true, false, true, false])
    assert.equal(pending.size, 3)
  })

  it('count the 64 bits of a host of IPv6 that are its own as one, and each IPv4 address in IPv6 by itself', () => {
    const [one, same, other] = [
      '/ip6/2001:db8::1/tcp/1',
      '/ip6/2001:db8:0:0:ffff::2/tcp/1',
      '/ip6/2001:db8:0:1::1/tcp/1'
    ]
    assert.deepEqual(admitAll(new PendingConnections(1), [one, same, other]), [true, false, true])
    const mapped = ['/ip6/::ffff:192.0.2.1/tcp/1', '/ip6/::ffff:192.0.2.2/tcp/1', '/ip6/::ffff:192.0.2.1/tcp/2']
    assert.deepEqual(admitAll(new PendingConnections(1), mapped), [true, true, false])
  })

  it('are not counted for a proxy on this machine, nor through a relay', () => {
    const relayed = '/ip4/192.0.2.1/tcp/1/p2p/12D3KooWJWoaqZhDaoEFshF7Rh1bpY9ohihFhzcW6d69Lr2NASuq/p2p-circuit'

    for (const address of ['/ip4/127.0.0.1/tcp/1/ws', '/ip6/::1/tcp/1', relayed]) {
      assert.deepEqual(admitAll(new PendingConnections(1), [address, address]), [true, true])
    }
  })

  it('give the place back once, when the peer is verified or the connection ends', () => {
    const pending = new PendingConnections(1)
    const address = '/ip4/192.0.2.1/tcp/1'
    const [first] = connectionFrom(address)
    assert.ok(pending.admit(first))
    pending.release(first)
    const [second] = connectionFrom(address)
    assert.ok(pending.admit(second))
    first.abort(new Error('ends later'))
    assert.deepEqual(admitAll(pending, [address]), [false])
    second.abort(new Error('ends'))
    assert.equal(pending.size, 0)
    assert.deepEqual(admitAll(pending, [address]), [true])
  })

  it('end when they send too much, and may send on when the peer is verified', async () => {
    for (const isVerified of [false, true]) {
      const pending = new PendingConnections()
      const [inbound, remote] = connectionFrom('/ip4/192.0.2.1/tcp/1')
      let received = 0
      inbound.addEventListener('message', ({ data }) => {
        received += data.byteLength
      })
      pending.admit(inbound)
      remote.send(new Uint8Array(MAX_UNVERIFIED_BYTES))
      await until(() => received === MAX_UNVERIFIED_BYTES)

      if (isVerified) {
        pending.release(inbound)
      }
      remote.send(new Uint8Array(1))
      await until(() => (isVerified ? received > MAX_UNVERIFIED_BYTES : inbound.status === 'aborted'))
      inbound.abort(new Error('the test is over'))
    }
  })

  describe('at the gate', () => {
    afterEach(stopMembers)

    it('are let go of when the peer is in, or was refused', async () => {
      const admit = PendingConnections.prototype.admit
      const release = PendingConnections.prototype.release
      const seen: PendingConnections[] = []
      PendingConnections.prototype.admit = function (connection) {
        seen.push(this)
        return admit.call(this, connection)
      }
      const sizes: number[] = []
      PendingConnections.prototype.release = function (connection) {
        const before = this.size
        release.call(this, connection)
        sizes.push(before - this.size)
      }

      try {
        const network = await testNetwork()
        const member = await startMember(network)
        const stranger = await startMember(await testNetwork({ root: 'another root' }), { listen: [] })
        await (await startMember(network, { block: { resource: 'other' }, listen: [] })).dial(member)
        // By the encrypter already: what it was given is the connection that the gater was asked about.
        assert.equal(sizes.filter((count) => count === 1).length, 1)
        await assert.rejects(stranger.parts.node.libp2p.dial(member.addresses()))
        await until(() => seen.every(({ size }) => size === 0), 'no connection to be pending')
        assert.equal(seen.length, 2)
      } finally {
        Object.assign(PendingConnections.prototype, { admit, release })
      }
    })
  })
})
