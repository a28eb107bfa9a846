import { createNexus, type Nexus } from '../../../../src/index.ts'
import { MALLORY_UID } from '../../../support/identities.ts'
import type { Attack } from '../attack.ts'
import { network, rogue } from '../rogue.ts'

const KEYS = 20
const TOPICS = 500
const RESERVING_KEYS = 60

/** One user's keys take a relay's topics. */
export const manyTopics: Attack = {
  what: 'one user, 20 keys, 500 topics each',
  async begin({ relay }) {
    let taken = 0
    let cutOff = 0
    const take = async (index: number): Promise<void> => {
      const member = await rogue(relay)
      const gossip = await member.gossip()

      for (let topic = 0; topic < TOPICS && gossip.isOpen; topic++) {
        await gossip.send({ subscriptions: [{ subscribe: true, topic: `/nexus/channel/${index}-${topic}` }] })
        taken++
      }
      member.connection.addEventListener('close', () => {
        cutOff++
      })
    }
    for (let index = 0; index < KEYS; index++) {
      void take(index)
    }
    return () => `${taken} subscriptions, ${cutOff} keys cut off`
  }
}

/** One user's keys take a relay's reservations. */
export const manyReservations: Attack = {
  what: 'one user, 60 keys, a reservation each',
  async begin({ relay }) {
    const blocks: Nexus[] = []
    const reserve = async (): Promise<void> => {
      for (let index = 0; index < RESERVING_KEYS; index++) {
        const block = { uid: MALLORY_UID, role: 'user', block: 'device', resource: `d${index}` } as const
        const credential = await network.credentialFor(block)
        blocks.push(await createNexus({ credential, bootstrap: relay, listen: [], waitForBootstrap: false }))
      }
    }
    void reserve()
    const held = (): Nexus[] => blocks.filter(({ addresses }) => addresses.length > 0)
    return () => `${held().length} of ${blocks.length} hold a reservation`
  }
}
