import { check, type Step } from '../step.ts'

export const join: Step = {
  name: 'join',
  title: 'a caller of another app joins through the relay',
  async run(stage) {
    stage.caller = await stage.join('carla')
    const { identity, peers } = stage.caller
    const relay = peers.find(({ peer }) => peer.block === 'relay')?.peer
    check(relay !== undefined, 'the caller is not connected to the relay')
    return {
      detail: `${identity.jid}, and the relay proved to be ${relay.jid}`,
      data: { caller: identity, relay }
    }
  }
}
