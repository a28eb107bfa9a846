import { RELAY } from '../participants.ts'
import type { Step } from '../step.ts'

export const relay: Step = {
  name: 'relay',
  title: 'a relay starts, in a process of its own',
  async run(mesh, signal) {
    const child = mesh.start(RELAY)
    const ready = child.waitFor(({ event }) => event === 'ready', signal)
    // What the caller needs later on is loaded while the process starts.
    const [{ peerId, addresses }] = await Promise.all([ready, import('../../../index.ts')])
    mesh.relayAddresses = addresses as string[]
    return {
      detail: `process ${child.pid} at ${mesh.relayAddress('tcp')}`,
      data: { pid: child.pid, peerId, addresses }
    }
  }
}
