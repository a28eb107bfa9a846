import assert from 'node:assert/strict'
import { networkInterfaces } from 'node:os'
import { resolveRelayOptions } from '../../../relay/options.ts'
import { onAllInterfaces } from '../../../src/node/runtime/all-interfaces.ts'
import { TestMesh } from '../../support/mesh.ts'

const IPV4 = {
  address: '127.0.0.1',
  netmask: '255.0.0.0',
  mac: '',
  internal: true,
  cidr: null,
  family: 'IPv4'
} as const
const IPV6 = { ...IPV4, address: '::1', netmask: 'ffff::', family: 'IPv6', scopeid: 0 } as const

describe('the default listen addresses', () => {
  it('are of IPv4 and IPv6, and of IPv4 alone where the machine has no IPv6', () => {
    assert.deepEqual(onAllInterfaces(['tcp/0', 'tcp/0/ws'], { lo: [IPV4], eth0: [IPV4, IPV6] }), [
      '/ip4/0.0.0.0/tcp/0',
      '/ip4/0.0.0.0/tcp/0/ws',
      '/ip6/::/tcp/0',
      '/ip6/::/tcp/0/ws'
    ])
    assert.deepEqual(onAllInterfaces(['tcp/0'], { lo: [IPV4], down: undefined }), ['/ip4/0.0.0.0/tcp/0'])
  })

  it('are those of a relay', () => {
    const { listen } = resolveRelayOptions({ credential: 'relay.json' })
    assert.deepEqual(listen, onAllInterfaces(['tcp/9700', 'tcp/9701/ws'], networkInterfaces()))
  })

  it('are those of a block, which is reached at each of them', async function () {
    if (onAllInterfaces(['tcp/0'], networkInterfaces()).length < 2) {
      this.skip()
    }

    const mesh = await TestMesh.create()

    try {
      const worker = await mesh.block({}, { listen: undefined })
      worker.handle('who', () => worker.identity.jid)

      for (const at of [
        /^\/ip4\/127\.0\.0\.1\/tcp\/\d+\/p2p/,
        /^\/ip6\/::1\/tcp\/\d+\/p2p/,
        /^\/ip6\/::1\/tcp\/\d+\/ws/
      ]) {
        const bootstrap = worker.addresses.filter((address) => at.test(address))
        assert.equal(bootstrap.length, 1, `${at} in ${worker.addresses}`)
        const caller = await mesh.block({}, { bootstrap, listen: [] })
        assert.equal(await caller.api({ app: 'etest', cmd: 'who', peer: worker.identity.peerId }), worker.identity.jid)
      }
    } finally {
      await mesh.stop()
    }
  })
})
