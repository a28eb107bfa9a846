import { type Measure, P50, P99, RATE, type Row, THROUGHPUT } from '../row.ts'
import { quantile } from '../statistics.ts'
import type { Load } from './kind.ts'
import { isRelayed } from './kinds.ts'
import type { Order, Work } from './side.ts'

const SIDE = 'calls/side.ts'
const WARM_UP_SECONDS = 0.7
const IN_FLIGHT = 64
const LARGE_IN_FLIGHT = 16
const CALLERS = 10
const KIB = 1024
const MB = 1e6
/** Nexus, protomux-rpc and TLS encrypt; the others here do not. */
const ALL = ['nexus', 'protomux', 'moleculer', 'nats', 'socketio', 'xmpp', 'tcp', 'tls']
const WITH_DIRECTS = ALL.filter((kind) => kind !== 'xmpp')
const WITH_LARGE = WITH_DIRECTS
const WITH_BYTES = WITH_LARGE.filter((kind) => kind !== 'moleculer')

interface CallRow extends Omit<Row, 'run'> {
  work: Work
  /** Default 1. */
  clients?: number
  /** Of each client. */
  inFlight: number
}

function callRow({ work, clients = 1, inFlight, ...row }: CallRow): Row {
  return {
    ...row,
    async run(kind, stage, seconds) {
      const relay = isRelayed(kind)
        ? await stage.start(SIDE).order<string>({ do: 'relay', kind } satisfies Order)
        : undefined
      const server = stage.start(SIDE)
      const client = stage.start(SIDE)
      const address = await server.order<string>({ do: 'serve', kind, relay } satisfies Order)
      await client.order({ do: 'open', kind, address, clients, work } satisfies Order)
      await client.order({ do: 'load', inFlight, seconds: WARM_UP_SECONDS } satisfies Order)
      await stage.begin()
      const { rate, times } = await client.order<Load>({ do: 'load', inFlight, seconds } satisfies Order)
      // Of one way.
      const throughput = (rate * (work.size ?? 0)) / MB
      const values = { rate, throughput, p50: quantile(times, 0.5), p99: quantile(times, 0.99) }
      return { values, operations: times.length, cpuMs: await stage.end() }
    }
  }
}

function largeRow(name: string, what: Work['what'], kib: number, kinds: string[]): Row {
  return callRow({
    name,
    title: `${what === 'call' ? 'JSON' : 'bytes'} of ${kib.toLocaleString('en')} KiB there and back`,
    measures: [THROUGHPUT],
    kinds,
    work: { what, size: kib * KIB },
    inFlight: LARGE_IN_FLIGHT
  })
}

/** Two kinds of Nexus beside each other, one call at a time or many. */
function ownRow(name: string, title: string, measures: Measure[], kinds: string[], inFlight: number): Row {
  return callRow({ name, title, measures, kinds, inFlight, work: { what: 'call', size: 1_000 } })
}

export const CALL_ROWS: Row[] = [
  callRow({
    name: 'calls',
    title: `calls, 95 B of JSON, ${IN_FLIGHT} in flight`,
    measures: [RATE, P99],
    kinds: ALL,
    work: { what: 'call' },
    inFlight: IN_FLIGHT
  }),
  callRow({
    name: 'one',
    title: 'one call at a time',
    measures: [P50, P99],
    kinds: ALL,
    work: { what: 'call' },
    inFlight: 1
  }),
  callRow({
    name: 'ten',
    title: `${CALLERS} callers, one call at a time each`,
    measures: [RATE],
    kinds: ALL,
    work: { what: 'call' },
    clients: CALLERS,
    inFlight: 1
  }),
  largeRow('json-64k', 'call', 64, WITH_LARGE),
  largeRow('bytes-64k', 'bytes', 64, WITH_BYTES),
  // A little less than 1 MiB, which is NATS's limit with its head.
  largeRow('bytes-1m', 'bytes', 1_000, WITH_BYTES),
  callRow({
    name: 'directs',
    title: `directs, acknowledged, ${IN_FLIGHT} in flight`,
    measures: [RATE],
    kinds: WITH_DIRECTS,
    work: { what: 'direct' },
    inFlight: IN_FLIGHT
  }),
  ownRow('relayed', 'one call at a time of 1 KB, through a relay', [P50, P99], ['nexus-relay', 'nexus'], 1),
  ownRow('relayed-64', `calls of 1 KB, ${IN_FLIGHT} in flight, through a relay`, [RATE], ['nexus-relay', 'nexus'], 64),
  ownRow('python', 'one call at a time of 1 KB, from Python', [P50, P99], ['nexus-python', 'nexus'], 1),
  ownRow('python-64', `calls of 1 KB, ${IN_FLIGHT} in flight, from Python`, [RATE], ['nexus-python', 'nexus'], 64)
]
