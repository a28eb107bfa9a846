import { once } from 'node:events'
import { connect } from 'node:net'
import type { DemoMesh } from '../demo-mesh.ts'
import type { Step } from '../step.ts'
import { check } from '../step-failure.ts'
import type { StockNode } from './stock-node.ts'

export const refuseAnonymous: Step = {
  name: 'refuse-anonymous',
  title: 'a libp2p node without a certificate gets no connection',
  async run(mesh, signal) {
    const { StockNode } = await import('./stock-node.ts')
    const node = await StockNode.create()

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

async function checkRefused(node: StockNode, what: string, address: string, signal: AbortSignal): Promise<void> {
  // Somebody must be there: a port where nobody listens refuses everybody.
  await knock(address, signal)
  check(!(await node.isLetInAt(address, signal)), `${what} let in a node without a certificate`)
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
