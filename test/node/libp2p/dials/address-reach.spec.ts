import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { type OwnNetworks, reachableFirst } from '../../../../src/node/libp2p/dials/address-reach.ts'

/** A machine with the address 192.168.1.5 in a network of 256. */
const networks: OwnNetworks = {
  isOwn: (ip) => ip === '192.168.1.5',
  isAround: (ip) => ip.startsWith('192.168.1.')
}
const order = (...addresses: string[]): string[] =>
  reachableFirst(
    addresses.map((address) => multiaddr(address)),
    networks
  ).addresses.map(String)

describe('the addresses of another block', () => {
  it('are dialled by what is reached from here: the network around, public, other private networks, loopback', () => {
    const near = '/ip4/192.168.1.9/tcp/1'
    const open = '/ip4/81.2.69.7/tcp/1'
    const named = '/dns4/worker.example/tcp/1'
    const elsewhere = '/ip4/10.0.0.1/tcp/1'
    const loopback = '/ip4/127.0.0.1/tcp/1'
    assert.deepEqual(order(loopback, elsewhere, open, near), [near, open, elsewhere, loopback])
    assert.deepEqual(order(elsewhere, named), [named, elsewhere])
  })

  it('are near on loopback, when it has no others or one of this machine', () => {
    const loopback = '/ip4/127.0.0.1/tcp/1'
    const own = '/ip4/192.168.1.5/tcp/1'
    const elsewhere = '/ip4/10.0.0.1/tcp/1'
    assert.deepEqual(order(elsewhere, loopback, own).at(-1), elsewhere)
    const isNear = (...addresses: string[]): boolean =>
      reachableFirst(
        addresses.map((address) => multiaddr(address)),
        networks
      ).isNear
    assert.equal(isNear(loopback), true)
    assert.equal(isNear(loopback, elsewhere), false)
    assert.equal(isNear(), false)
  })

  it('are dialled over TCP before WebSocket, where both are as near', () => {
    assert.deepEqual(order('/ip4/81.2.69.7/tcp/1/ws', '/ip4/81.2.69.7/tcp/2'), [
      '/ip4/81.2.69.7/tcp/2',
      '/ip4/81.2.69.7/tcp/1/ws'
    ])
  })
})
