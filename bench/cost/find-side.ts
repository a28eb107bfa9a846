/** One process of the row `find`, and of `npm run scale`: the relay, some of the workers, or the new caller. */
import { createNexus } from '../../src/index.ts'
import { createAuthority, credentialOf } from '../nexus/credentials.ts'
import { startRelay } from '../nexus/relay.ts'
import { answerOrders } from '../side-process.ts'
import { median } from '../statistics.ts'

export type Order =
  | { do: 'relay'; workers: number }
  | { do: 'work'; network: string; from: number; to: number }
  | { do: 'find'; network: string }
  | { do: 'find whole'; network: string; workers: number }

export interface Found {
  firstMs: number
  warmMs: number
  workers: number
}

/** What a new caller finds of all the workers there are. */
export interface FoundWhole {
  firstMs: number
  /** Found by its first question. */
  first: number
  /** Until it had found all; absent when it had not after 30 s. */
  wholeMs: number | undefined
  most: number
}

const WHOLE_WITHIN_MS = 30_000
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
    case 'find whole':
      return findWhole(order)
  }
})

async function startNetwork(count: number): Promise<string> {
  const authority = await createAuthority()
  // All of them are one user's, which has 256 reservations if nobody allows it more.
  const relay = await startRelay(authority, { userLimits: { anna: 4 } })
  const workers = Array.from({ length: count }, (_, index) =>
    credentialOf(authority, { app: APP, uid: 'anna', role: 'owner', block: 'worker', resource: `default${index}` })
  )
  const caller = credentialOf(authority, { app: 'shop', uid: 'carl', role: 'user', block: 'worker', has: [APP] })
  return JSON.stringify({ bootstrap: relay.addresses, workers: await Promise.all(workers), caller: await caller })
}

async function work({ network, from, to }: Order & { do: 'work' }): Promise<void> {
  const { bootstrap, workers } = JSON.parse(network)

  for (const credential of workers.slice(from, to)) {
    // The first connection may take its time while hundreds join.
    const nexus = await createNexus({ credential, bootstrap, listen: LISTEN, waitForBootstrap: false })
    nexus.handle('multiply', () => 0)

    while (nexus.status.state !== 'online') {
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
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

async function findWhole({ network, workers }: Order & { do: 'find whole' }): Promise<FoundWhole> {
  const { bootstrap, caller: credential } = JSON.parse(network)
  const nexus = await createNexus({ credential, bootstrap, listen: LISTEN })
  const startedAt = performance.now()
  const { length: first } = await nexus.find({ app: APP })
  const firstMs = performance.now() - startedAt
  let most = first

  while (most < workers && performance.now() - startedAt < WHOLE_WITHIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    most = Math.max(most, (await nexus.find({ app: APP })).length)
  }
  return { firstMs, first, wholeMs: most < workers ? undefined : performance.now() - startedAt, most }
}
