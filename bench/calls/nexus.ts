/** Two blocks, as their users have them: gate, grant, find, balancing and session. */
import { createNexus } from '../../src/index.ts'
import { createAuthority, credentialOf } from '../nexus/credentials.ts'
import { startRelay } from '../nexus/relay.ts'
import { answerTo, type Kind, type Question } from './kind.ts'

/** A key each. */
const CALLERS = 10
/** Clients of this process so far. */
let opened = 0

/** What the relay of a network gives its worker. */
interface Network {
  bootstrap: string[]
  worker: object
  callers: object[]
}

/** Relayed: neither of both listens, and so the relay alone connects them. */
export function nexusKind(relayed: boolean): Kind {
  return {
    relay: async () => JSON.stringify(await createNetwork(true)),

    async serve(relay) {
      const network: Network = relay === undefined ? await createNetwork(false) : JSON.parse(relay)
      const { bootstrap, worker: credential, callers } = network
      const listen = relayed ? [] : ['/ip4/127.0.0.1/tcp/0']
      const nexus = await createNexus({ credential: credential as never, bootstrap, listen })
      nexus.handle<Question>('multiply', ({ body }) => answerTo(body))
      nexus.handle('echo', ({ body }) => body)
      nexus.onDirect(() => undefined)
      return JSON.stringify({ callers, bootstrap: relayed ? bootstrap : nexus.addresses })
    },

    async open(address) {
      const { callers, bootstrap } = JSON.parse(address)
      const nexus = await createNexus({ credential: callers[opened++ % CALLERS], bootstrap, listen: [] })
      return {
        call: (body) => nexus.api({ app: 'etest', cmd: 'multiply', body: { ...body } }),
        bytes: (body) => nexus.api<Uint8Array>({ app: 'etest', cmd: 'echo', body }),
        direct: (body) => nexus.direct({ app: 'etest', body: { ...body } })
      }
    }
  }
}

async function createNetwork(relayed: boolean): Promise<Network> {
  const authority = await createAuthority()
  const callers = Array.from({ length: CALLERS }, (_, index) =>
    credentialOf(authority, { app: 'shop', uid: `carl${index}`, role: 'user', block: 'worker', has: ['etest'] })
  )
  return {
    bootstrap: relayed ? (await startRelay(authority)).addresses : [],
    worker: await credentialOf(authority, { app: 'etest', uid: 'anna', role: 'owner', block: 'worker' }),
    callers: await Promise.all(callers)
  }
}
