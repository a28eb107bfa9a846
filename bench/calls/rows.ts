import type { Row, Run } from '../row.ts'
import { type Client, checked, IN_FLIGHT, inFlight, type Kind, quantile } from './load.ts'

const WARM_UP_SECONDS = 1
const CALLERS = 10
const KIB = 1024
const LARGE_IN_FLIGHT = 16
const ENCRYPTED = ['nexus', 'protomux']
const ALL = ['nexus', 'protomux', 'moleculer', 'nats', 'socketio', 'raw']

/** What one client does again and again for a row. */
type Work = (client: Client) => (() => Promise<void>) | undefined

const call: Work = (client) => checked(client.call)

const direct: Work = ({ direct: send }) =>
  send === undefined ? undefined : () => send({ a: 1, b: 7, text: 'one way' })

const json =
  (size: number): Work =>
  (client) =>
    checked(client.call, 'x'.repeat(size))

const bytes =
  (size: number): Work =>
  ({ bytes: echo }) =>
    echo === undefined
      ? undefined
      : async () => {
          const back = await echo(new Uint8Array(size))

          if (back.byteLength !== size) {
            throw new Error(`${back.byteLength} bytes came back, not ${size}`)
          }
        }

async function withClient<T>(kind: Kind, address: string, work: Work, use: (work: () => Promise<void>) => Promise<T>) {
  const client = await kind.open(address)

  try {
    const one = work(client)
    return one === undefined ? undefined : await use(one)
  } finally {
    await client.close()
  }
}

/** Rate, and the 99th percentile of the times. */
function loaded(work: Work, count: number, per = 1): Row['measure'] {
  return (kind, address, { seconds, onBegin }) =>
    withClient(kind, address, work, async (one) => {
      await inFlight(one, WARM_UP_SECONDS, count)
      onBegin()
      const { rate, times } = await inFlight(one, seconds, count)
      return { value: rate * per, p99: quantile(times, 0.99) }
    })
}

async function oneAtATime(kind: Kind, address: string, { seconds, onBegin }: Run) {
  return withClient(kind, address, call, async (one) => {
    await inFlight(one, WARM_UP_SECONDS, 1)
    onBegin()
    const { times } = await inFlight(one, seconds, 1)
    return { value: quantile(times, 0.5), p99: quantile(times, 0.99) }
  })
}

async function tenCallers(kind: Kind, address: string, { seconds, onBegin }: Run) {
  const clients = await Promise.all(Array.from({ length: CALLERS }, () => kind.open(address)))

  try {
    const run = async (forSeconds: number) =>
      Promise.all(clients.map((one) => inFlight(checked(one.call), forSeconds, 1)))
    await run(WARM_UP_SECONDS)
    onBegin()
    const loads = await run(seconds)
    const times = loads.flatMap((load) => load.times)
    return { value: loads.reduce((sum, { rate }) => sum + rate, 0), p99: quantile(times, 0.99) }
  } finally {
    await Promise.all(clients.map((client) => client.close()))
  }
}

const MB = 1e6

export const CALL_ROWS: Row[] = [
  {
    name: 'calls',
    title: `calls/s, 95 B of JSON, ${IN_FLIGHT} in flight`,
    unit: '/s',
    better: 'more',
    kinds: ALL,
    measure: loaded(call, IN_FLIGHT)
  },
  {
    name: 'one',
    title: 'one call at a time, p50',
    unit: 'ms',
    better: 'less',
    kinds: ALL,
    measure: oneAtATime
  },
  {
    name: 'ten',
    title: `${CALLERS} callers, one call at a time each`,
    unit: '/s',
    better: 'more',
    kinds: ALL,
    measure: tenCallers
  },
  {
    name: 'json-64k',
    title: 'JSON of 64 KiB there and back, one way counted',
    unit: 'MB/s',
    better: 'more',
    kinds: ALL,
    measure: loaded(json(64 * KIB), LARGE_IN_FLIGHT, (64 * KIB) / MB)
  },
  {
    name: 'bytes-64k',
    title: 'bytes of 64 KiB there and back, one way counted',
    unit: 'MB/s',
    better: 'more',
    kinds: [...ENCRYPTED, 'nats', 'socketio'],
    measure: loaded(bytes(64 * KIB), LARGE_IN_FLIGHT, (64 * KIB) / MB)
  },
  {
    name: 'bytes-1m',
    title: 'bytes of 1,000 KiB there and back, one way counted',
    unit: 'MB/s',
    better: 'more',
    // A little less than 1 MiB, which is NATS's limit with its head.
    kinds: [...ENCRYPTED, 'nats', 'socketio'],
    measure: loaded(bytes(1_000 * KIB), LARGE_IN_FLIGHT, (1_000 * KIB) / MB)
  },
  {
    name: 'directs',
    title: `directs/s, acknowledged, ${IN_FLIGHT} in flight`,
    unit: '/s',
    better: 'more',
    kinds: ALL.filter((kind) => kind !== 'raw'),
    measure: loaded(direct, IN_FLIGHT)
  }
]
