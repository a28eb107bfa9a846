import { createServer } from 'node:net'
import { NexusError } from '../../../../src/errors.ts'
import { createNexus } from '../../../../src/index.ts'
import type { Attack } from '../attack.ts'
import { network } from '../rogue.ts'

const WORKERS = 40

/** Workers of other users whose addresses take connections and never answer. */
export const deadWorkers: Attack = {
  what: '40 workers of other users that nobody can reach',
  direct: true,
  async begin({ relay }) {
    const hole = createServer(() => undefined).listen(0, '127.0.0.1')
    await new Promise((resolve) => hole.once('listening', resolve))
    const bound = hole.address()

    if (bound === null || typeof bound === 'string') {
      throw new NexusError('INVALID', 'no port')
    }
    for (let index = 0; index < WORKERS; index++) {
      const uid = `dead${index}`
      const credential = await network.credentialFor({ uid, role: 'user', block: 'worker', resource: `w${index}` })
      const worker = await createNexus({
        credential,
        bootstrap: relay,
        listen: [],
        reserve: false,
        announce: [`/ip4/127.0.0.1/tcp/${bound.port}`]
      })
      worker.ready()
    }
    return () => `${WORKERS} workers`
  }
}
