import type { Row } from '../row.ts'
import { IN_FLIGHT, type Load, quantile } from './load.ts'
import type { Order, Work } from './side.ts'

const SIDE = 'calls/side.ts'
const WARM_UP_SECONDS = 1
const CALLERS = 10
const KIB = 1024
const MB = 1e6
const LARGE_IN_FLIGHT = 16
/** Nexus and protomux-rpc encrypt; the others here do not. */
const ALL = ['nexus', 'protomux', 'moleculer', 'nats', 'socketio', 'raw']
const WITH_BYTES = ['nexus', 'protomux', 'nats', 'socketio']

interface CallRow extends Omit<Row, 'run'> {
  work: Work
  /** Default 1. */
  clients?: number
  /** Of each client. */
  inFlight: number
  value: (load: Load) => number
}

function callRow({ work, clients = 1, inFlight, value, ...row }: CallRow): Row {
  return {
    ...row,
    async run(kind, stage, seconds) {
      const server = stage.start(SIDE)
      const client = stage.start(SIDE)
      const address = await server.order<string>({ do: 'serve', kind } satisfies Order)

      if (!(await client.order<boolean>({ do: 'open', kind, address, clients, work } satisfies Order))) {
        return undefined
      }
      await client.order({ do: 'load', inFlight, seconds: WARM_UP_SECONDS } satisfies Order)
      stage.begin()
      const load = await client.order<Load>({ do: 'load', inFlight, seconds } satisfies Order)
      return { value: value(load), p99: quantile(load.times, 0.99), cpu: stage.end() }
    }
  }
}

const rate = ({ rate }: Load): number => rate
const megabytes =
  (size: number) =>
  ({ rate }: Load): number =>
    (rate * size) / MB

export const CALL_ROWS: Row[] = [
  callRow({
    name: 'calls',
    title: `calls/s, 95 B of JSON, ${IN_FLIGHT} in flight`,
    unit: '/s',
    better: 'more',
    kinds: ALL,
    work: { what: 'call' },
    inFlight: IN_FLIGHT,
    value: rate
  }),
  callRow({
    name: 'one',
    title: 'one call at a time, p50',
    unit: 'ms',
    better: 'less',
    kinds: ALL,
    work: { what: 'call' },
    inFlight: 1,
    value: ({ times }) => quantile(times, 0.5)
  }),
  callRow({
    name: 'ten',
    title: `${CALLERS} callers, one call at a time each`,
    unit: '/s',
    better: 'more',
    kinds: ALL,
    work: { what: 'call' },
    clients: CALLERS,
    inFlight: 1,
    value: rate
  }),
  callRow({
    name: 'json-64k',
    title: 'JSON of 64 KiB there and back, one way counted',
    unit: 'MB/s',
    better: 'more',
    kinds: ALL,
    work: { what: 'call', size: 64 * KIB },
    inFlight: LARGE_IN_FLIGHT,
    value: megabytes(64 * KIB)
  }),
  callRow({
    name: 'bytes-64k',
    title: 'bytes of 64 KiB there and back, one way counted',
    unit: 'MB/s',
    better: 'more',
    kinds: WITH_BYTES,
    work: { what: 'bytes', size: 64 * KIB },
    inFlight: LARGE_IN_FLIGHT,
    value: megabytes(64 * KIB)
  }),
  callRow({
    name: 'bytes-1m',
    // A little less than 1 MiB, which is NATS's limit with its head.
    title: 'bytes of 1,000 KiB there and back, one way counted',
    unit: 'MB/s',
    better: 'more',
    kinds: WITH_BYTES,
    work: { what: 'bytes', size: 1_000 * KIB },
    inFlight: LARGE_IN_FLIGHT,
    value: megabytes(1_000 * KIB)
  }),
  callRow({
    name: 'directs',
    title: `directs/s, acknowledged, ${IN_FLIGHT} in flight`,
    unit: '/s',
    better: 'more',
    kinds: ALL.filter((kind) => kind !== 'raw'),
    work: { what: 'direct' },
    inFlight: IN_FLIGHT,
    value: rate
  })
]
