import type { Step } from '../step.ts'
import { check } from '../step-failure.ts'

export const join: Step = {
  name: 'join',
  title: 'a caller of another app joins through the relay',
  async run(mesh) {
    mesh.caller = await mesh.join('carla')
    const { identity, peers } = mesh.caller
    const relay = peers.find(({ peer }) => peer.block === 'relay')?.peer
    check(relay !== undefined, 'the caller is not connected to the relay')
    return {
      detail: `${identity.jid}, and the relay proved to be ${relay.jid}`,
      data: { caller: identity, relay }
    }
  }
}
