import { createNexus, type Nexus } from '../../../../src/index.ts'
import { MALLORY_UID } from '../../../support/identities.ts'
import type { Attack } from '../attack.ts'
import { network, rogue } from '../rogue.ts'

const KEYS = 20
const TOPICS = 500
const RESERVING_KEYS = 200

/** One user's keys take a relay's topics. */
export const manyTopics: Attack = {
  what: 'one user, 20 keys, 500 topics each, again and again',
  async begin({ relay }) {
    let taken = 0
    const take = async (index: number): Promise<void> => {
      for (let round = 0; ; round++) {
        const member = await rogue(relay)
        const gossip = await member.gossip()

        for (let topic = 0; topic < TOPICS && gossip.isOpen; topic++) {
          const name = `/nexus/channel/${index}-${topic}-${round}`
          await gossip.send({ subscriptions: [{ subscribe: true, topic: name }] })
          taken++
        }
        await new Promise((resolve) => setTimeout(resolve, 2_000))
        await member.connection.close()
      }
    }
    for (let index = 0; index < KEYS; index++) {
      void take(index)
    }
    return () => `${taken} subscriptions`
  }
}

/** One user's keys take a relay's reservations. */
export const manyReservations: Attack = {
  what: 'one user, 200 keys, a reservation each',
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
