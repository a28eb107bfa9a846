/** One process of the soak: the relay, workers, or callers with their load. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Credential, createNexus } from '../../src/index.ts'
import type { Nexus } from '../../src/types.ts'
import { runRelay } from '../nexus/relay.ts'
import { answerOrders } from '../side-process.ts'
import { APP, CHANNEL, Load } from './load.ts'

export type Order =
  | { do: 'relay'; credential: Credential }
  | { do: 'work'; credentials: Credential[]; bootstrap: string[] }
  /** The worker that is there longest goes, and another comes. */
  | { do: 'replace'; credential: Credential; bootstrap: string[] }
  | { do: 'call'; credentials: Credential[]; bootstrap: string[] }
  | { do: 'tell' }

/** What a process tells: bytes, and what was done and how it ended, by name. */
export interface Told {
  /** On the heap and outside of it, after a collection of garbage. */
  live: number
  rss: number
  counts: Record<string, number>
}

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void
const workers: Nexus[] = []
const counts: Record<string, number> = {}

function count(what: string): void {
  counts[what] = (counts[what] ?? 0) + 1
}

answerOrders<Order>(async (order) => {
  switch (order.do) {
    case 'relay':
      return (await runRelay(order.credential)).addresses
    case 'work':
      await Promise.all(order.credentials.map((credential) => work(credential, order.bootstrap)))
      return
    case 'replace':
      await workers.shift()?.stop()
      return work(order.credential, order.bootstrap)
    case 'call':
      await Promise.all(order.credentials.map((credential) => call(credential, order.bootstrap)))
      return
    case 'tell':
      return tell()
  }
})

async function work(credential: Credential, bootstrap: string[]): Promise<void> {
  const nexus = await createNexus({ credential, bootstrap, listen: ['/ip4/127.0.0.1/tcp/0'] })
  nexus.handle('echo', ({ body }) => body)
  nexus.onDirect(() => count('directs taken'))
  await nexus.subscribe(CHANNEL, () => count('messages delivered'))
  workers.push(nexus)
}

async function call(credential: Credential, bootstrap: string[]): Promise<void> {
  const nexus = await createNexus({ credential, bootstrap, listen: [] })
  // The load begins when there is somebody to call.
  while ((await nexus.find({ app: APP })).length === 0) {
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  new Load(nexus, count).start()
}

function tell(): Told {
  collectGarbage()
  // What the first one found outside of the heap is freed meanwhile.
  collectGarbage()
  const { heapUsed, external, rss } = process.memoryUsage()
  return { live: heapUsed + external, rss, counts }
}
