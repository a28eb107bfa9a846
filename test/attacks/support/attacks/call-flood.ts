import { MAX_IN_FLIGHT } from '../../../../src/constants.ts'
import { createNexus } from '../../../../src/index.ts'
import { MALLORY_UID } from '../../../support/identities.ts'
import type { Attack } from '../attack.ts'
import { network } from '../rogue.ts'

/** A caller that always has as many calls in work as it may. */
export const callFlood: Attack = {
  what: 'one caller has 4,096 calls of 100 ms in work',
  direct: true,
  async begin({ relay }) {
    const block = { uid: MALLORY_UID, role: 'user', block: 'device', resource: 'caller', grants: ['etest'] } as const
    const credential = await network.credentialFor({ ...block, grants: ['etest'] })
    const nexus = await createNexus({ credential, bootstrap: relay, listen: [] })
    let answered = 0
    let refused = 0
    const call = async (): Promise<void> => {
      for (;;) {
        await nexus.api({ app: 'etest', cmd: 'slow', body: 1 }).then(
          () => answered++,
          () => refused++
        )
      }
    }
    for (let index = 0; index < MAX_IN_FLIGHT; index++) {
      void call()
    }
    return () => `${answered} calls answered, ${refused} refused`
  }
}
