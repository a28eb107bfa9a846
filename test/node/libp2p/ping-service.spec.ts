import assert from 'node:assert/strict'
import type { Connection, Libp2p } from '@libp2p/interface'
import { noise } from '@libp2p/noise'
import type { Ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'
import { pingService } from '../../../src/node/libp2p/ping-service.ts'
import { LOOPBACK_TCP } from '../../support/mesh.ts'

describe("libp2p's ping", () => {
  const nodes: Array<Libp2p<{ ping: Ping }>> = []

  afterEach(() => Promise.all(nodes.splice(0).map((node) => node.stop())))

  async function start(onPing: (connection: Connection) => void): Promise<Libp2p<{ ping: Ping }>> {
    const node = await createLibp2p({
      addresses: { listen: [LOOPBACK_TCP] },
      transports: [tcp()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionMonitor: { enabled: false },
      services: { ping: pingService(onPing) }
    })
    nodes.push(node)
    return node
  }

  it('is answered, and tells who was pinged which connection it was', async () => {
    const heard: Connection[] = []
    const pinged = await start((connection) => heard.push(connection))
    const pinging = await start(() => assert.fail('nobody pings this one'))
    await pinging.dial(pinged.getMultiaddrs())
    assert.ok((await pinging.services.ping.ping(pinged.peerId)) >= 0)
    assert.deepEqual(heard, pinged.getConnections(pinging.peerId))
    assert.equal(heard.length, 1)
  })
})
