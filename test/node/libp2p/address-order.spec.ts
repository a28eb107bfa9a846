import assert from 'node:assert/strict'
import { multiaddr } from '@multiformats/multiaddr'
import { likeliestFirst } from '../../../src/node/libp2p/address-order.ts'

const RELAY = '12D3KooWDpJ7As7BWAwRMfu1VU2WCqNjvq387JEYKDBj4kx6nXTN'
const ORDERED = [
  '/ip4/81.2.69.7/tcp/9700',
  '/dns4/worker.example/tcp/443/wss',
  '/ip6/2a00:1450:4001::7/tcp/9700',
  `/ip4/10.0.0.2/tcp/9700/p2p/${RELAY}/p2p-circuit`,
  `/ip4/127.0.0.1/tcp/9700/ws/p2p/${RELAY}/p2p-circuit`,
  '/ip4/192.168.1.7/tcp/9700',
  '/ip4/10.1.0.7/tcp/9700',
  '/ip4/127.0.0.1/tcp/9700',
  '/ip6/::1/tcp/9700'
]

describe('own addresses', () => {
  it('are told by how likely others reach them: public, through relays, of the network around, of this machine', () => {
    const [first, second, third, ...others] = ORDERED
    const mixed = [...others.slice(2), first!, ...others.slice(0, 2), second!, third!].map((text) => multiaddr(text))
    assert.deepEqual(likeliestFirst(mixed).map(String), ORDERED)
  })
})
