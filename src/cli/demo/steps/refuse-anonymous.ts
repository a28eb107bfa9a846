import { once } from 'node:events'
import { connect } from 'node:net'
import type { Libp2p } from '@libp2p/interface'
import type { DemoMesh } from '../demo-mesh.ts'
import type { Step } from '../step.ts'
import { check } from '../step-failure.ts'

export const refuseAnonymous: Step = {
  name: 'refuse-anonymous',
  title: 'a libp2p node without a certificate gets no connection',
  async run(mesh, signal) {
    const node = await createStockNode()

    try {
      const targets = targetsOf(mesh)

      for (const { what, address } of targets) {
        await checkRefused(node, what, address, signal)
      }

      const names = targets.map(({ what }) => what)
      return {
        detail: `a stock libp2p node is not let in by ${names.join(', ')}`,
        data: { refusedBy: targets }
      }
    } finally {
      await node.stop()
    }
  }
}

function targetsOf(mesh: DemoMesh): Array<{ what: string; address: string }> {
  const [worker] = mesh.workers
  const workerAddress = worker?.addresses.find((address) => !address.includes('/p2p-circuit'))
  check(worker !== undefined && workerAddress !== undefined, 'no worker can be dialled directly')
  return [
    { what: 'the relay (TCP)', address: mesh.relayAddress('tcp') },
    { what: 'the relay (WebSocket)', address: mesh.relayAddress('ws') },
    { what: `the worker ${worker.participant.name}`, address: workerAddress }
  ]
}

/** libp2p as it comes, with what everybody speaks. */
async function createStockNode(): Promise<Libp2p> {
  const { createLibp2p } = await import('libp2p')
  const { noise } = await import('@libp2p/noise')
  const { tcp } = await import('@libp2p/tcp')
  const { tls } = await import('@libp2p/tls')
  const { webSockets } = await import('@libp2p/websockets')
  const { yamux } = await import('@libp2p/yamux')
  return createLibp2p({
    addresses: { listen: [] },
    transports: [tcp(), webSockets()],
    connectionEncrypters: [noise(), tls()],
    streamMuxers: [yamux()]
  })
}

async function checkRefused(node: Libp2p, what: string, address: string, signal: AbortSignal): Promise<void> {
  // Somebody must be there: a port where nobody listens refuses everybody.
  await knock(address, signal)
  const { multiaddr } = await import('@multiformats/multiaddr')
  const connected = await node.dial(multiaddr(address), { signal }).then(
    () => true,
    () => false
  )
  check(!connected && node.getConnections().length === 0, `${what} let in a node without a certificate`)
}

async function knock(address: string, signal: AbortSignal): Promise<void> {
  const port = Number(/\/tcp\/(\d+)/.exec(address)?.[1])
  const socket = connect(port, '127.0.0.1')

  try {
    await once(socket, 'connect', { signal })
  } finally {
    socket.destroy()
  }
}
