import assert from 'node:assert/strict'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { dialWaves } from '../../../../src/node/libp2p/dials/dial-waves.ts'

const addresses = (count: number): Multiaddr[] =>
  Array.from({ length: count }, (_, index) => multiaddr(`/ip4/81.2.69.7/tcp/${index + 1}`))
const [relay, other, third] = [1, 2, 3].map((index) => multiaddr(`/ip4/10.0.0.${index}/tcp/1`)) as [
  Multiaddr,
  Multiaddr,
  Multiaddr
]

describe('groups of addresses that are dialled together', () => {
  it('are three times as large each time, and leave none out', () => {
    const direct = addresses(32)
    const waves = dialWaves({ direct, relayed: [], isNear: true })
    assert.deepEqual(
      waves.map(({ length }) => length),
      [1, 3, 9, 19]
    )
    assert.deepEqual(waves.flat(), direct)
  })

  it('have one relay at once and the others after it', () => {
    const [first, second] = addresses(2) as [Multiaddr, Multiaddr]
    const relayed = [relay, other, third]
    assert.deepEqual(dialWaves({ direct: [first, second], relayed, isNear: false }), [
      [first, relay],
      [second, other, third]
    ])
    assert.deepEqual(dialWaves({ direct: [], relayed, isNear: false }), [[relay], [other, third]])
  })

  it('have the relay one group later, when a direct address will most likely do', () => {
    const direct = addresses(1)
    assert.deepEqual(dialWaves({ direct, relayed: [relay, other], isNear: true }), [direct, [relay], [other]])
    assert.deepEqual(dialWaves({ direct: [], relayed: [relay], isNear: true }), [[relay]])
  })
})
