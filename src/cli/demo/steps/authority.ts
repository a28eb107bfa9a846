import { DEMO_NETWORK } from '../members.ts'
import type { Step } from '../step.ts'

export const authority: Step = {
  name: 'authority',
  title: 'an authority makes the network, and a credential for everybody',
  async run(mesh) {
    const { authority: made, count } = await mesh.createNetwork()
    return {
      detail: `network ${DEMO_NETWORK}, ${count} credentials in ${mesh.directory}`,
      data: { network: DEMO_NETWORK, rootId: made.rootId, directory: mesh.directory }
    }
  }
}
