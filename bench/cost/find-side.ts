/** One process of the row `find`: the relay, some of the workers, or the new caller. */
import { createNexus } from '../../src/index.ts'
import { createAuthority, credentialOf } from '../nexus/credentials.ts'
import { startRelay } from '../nexus/relay.ts'
import { answerOrders } from '../side-process.ts'
import { median } from '../statistics.ts'

export type Order =
  | { do: 'relay'; workers: number }
  | { do: 'work'; network: string; from: number; to: number }
  | { do: 'find'; network: string }

export interface Found {
  firstMs: number
  warmMs: number
  workers: number
}

const APP = 'etest'
const WARM_FINDS = 1_000
const LISTEN = ['/ip4/127.0.0.1/tcp/0']

answerOrders<Order>(async (order) => {
  switch (order.do) {
    case 'relay':
      return startNetwork(order.workers)
    case 'work':
      return work(order)
    case 'find':
      return find(order.network)
  }
})

async function startNetwork(count: number): Promise<string> {
  const authority = await createAuthority()
  const relay = await startRelay(authority)
  const workers = Array.from({ length: count }, (_, index) =>
    credentialOf(authority, { app: APP, uid: 'anna', role: 'owner', block: 'worker', resource: `default${index}` })
  )
  const caller = credentialOf(authority, { app: 'shop', uid: 'carl', role: 'user', block: 'worker', has: [APP] })
  return JSON.stringify({ bootstrap: relay.addresses, workers: await Promise.all(workers), caller: await caller })
}

async function work({ network, from, to }: Order & { do: 'work' }): Promise<void> {
  const { bootstrap, workers } = JSON.parse(network)

  for (const credential of workers.slice(from, to)) {
    const nexus = await createNexus({ credential, bootstrap, listen: LISTEN })
    nexus.handle('multiply', () => 0)
  }
}

async function find(network: string): Promise<Found> {
  const { bootstrap, caller: credential } = JSON.parse(network)
  const nexus = await createNexus({ credential, bootstrap, listen: LISTEN })
  const timed = async (): Promise<{ ms: number; workers: number }> => {
    const startedAt = performance.now()
    const { length } = await nexus.find({ app: APP })
    return { ms: performance.now() - startedAt, workers: length }
  }
  const first = await timed()
  const warm: number[] = []

  for (let index = 0; index < WARM_FINDS; index++) {
    warm.push((await timed()).ms)
  }
  return { firstMs: first.ms, warmMs: median(warm), workers: first.workers }
}
