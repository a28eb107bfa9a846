import { type Measure, P50, P99, type Row } from '../row.ts'
import type { SideProcess } from '../side-process.ts'
import type { Stage } from '../stage.ts'
import { quantile, sum } from '../statistics.ts'
import type { Arrived, Order } from './side.ts'

const SIDE = 'channel/side.ts'
const LAST_MS = 20_000
const BURST = 50_000
/** Members that share a process, where there are many. */
const A_PROCESS = 10
const PEERS = ['nats', 'mqtt', 'socketio', 'moleculer']
const DELIVERIES: Measure = { name: 'deliveries', unit: '/s', better: 'more' }

interface ChannelRow extends Omit<Row, 'run'> {
  publishers: number
  subscribers: number
  /** Of each publisher. As fast as it goes when absent. */
  perSecond?: number
}

function channelRow({ publishers, subscribers, perSecond, ...row }: ChannelRow): Row {
  return {
    ...row,
    async run(kind, stage, seconds) {
      const { senders, receivers } = await gather(stage, kind, publishers, subscribers)
      const messages = perSecond === undefined ? BURST : Math.ceil(perSecond * seconds)
      const warmUp = perSecond === undefined ? BURST / 10 : Math.ceil(perSecond / 2)
      const round = (count: number) => play(senders, receivers, subscribers, count, perSecond)
      await round(warmUp)
      await stage.begin()
      const { began, arrived } = await round(messages)
      const cpuMs = await stage.end()
      const operations = sum(arrived.map((one) => one.messages))
      return {
        values: valuesOf(arrived, began),
        operations,
        cpuMs,
        lost: messages * publishers * subscribers - operations
      }
    }
  }
}

/** Starts the hub and all members. */
async function gather(stage: Stage, kind: string, publishers: number, subscribers: number) {
  const members = publishers + subscribers
  const address = await stage.start(SIDE).order<string>({ do: 'hub', kind, members } satisfies Order)
  const senders: SideProcess[] = []
  const receivers: SideProcess[] = []

  for (let index = 0; index < members; index++) {
    const isReceiver = index >= publishers
    const startsProcess = !isReceiver || subscribers <= A_PROCESS || (index - publishers) % A_PROCESS === 0

    if (startsProcess) {
      const list = isReceiver ? receivers : senders
      list.push(stage.start(SIDE))
    }
    const process = (isReceiver ? receivers : senders).at(-1)
    await process?.order({ do: 'join', kind, address, index } satisfies Order)
  }
  await Promise.all(receivers.map((process) => process.order({ do: 'subscribe' } satisfies Order)))
  return { senders, receivers }
}

async function play(
  senders: SideProcess[],
  receivers: SideProcess[],
  subscribers: number,
  messages: number,
  perSecond: number | undefined
): Promise<{ began: number; arrived: Arrived[] }> {
  const each = (messages * senders.length * subscribers) / receivers.length
  await Promise.all(receivers.map((process) => process.order({ do: 'expect', messages: each } satisfies Order)))
  const starts = senders.map((process) => process.order<number>({ do: 'publish', messages, perSecond } satisfies Order))
  const began = Math.min(...(await Promise.all(starts)))
  const tell = { do: 'tell', withinMs: LAST_MS } satisfies Order
  return { began, arrived: await Promise.all(receivers.map((process) => process.order<Arrived>(tell))) }
}

/** Latencies where messages were paced. */
function valuesOf(arrived: Arrived[], began: number): Record<string, number> {
  const seconds = (Math.max(...arrived.map(({ at }) => at)) - began) / 1e9
  const latencies = arrived.flatMap((one) => one.latencies)
  return {
    deliveries: sum(arrived.map(({ messages }) => messages)) / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99)
  }
}

const ONE_TO_FOUR = { publishers: 1, subscribers: 4 }

export const CHANNEL_ROWS: Row[] = [
  channelRow({
    name: 'burst',
    title: 'channel, 1 to 4, as fast as it goes',
    measures: [DELIVERIES],
    kinds: ['nexus', 'nexus-relay', ...PEERS, 'tcp'],
    ...ONE_TO_FOUR
  }),
  channelRow({
    name: 'paced-50',
    title: 'channel, 1 to 4, 50/s',
    measures: [P50, P99],
    kinds: ['nexus', 'nexus-relay', ...PEERS, 'xmpp', 'tcp'],
    ...ONE_TO_FOUR,
    perSecond: 50
  }),
  channelRow({
    name: 'paced-2000',
    title: 'channel, 1 to 4, 2,000/s',
    measures: [P50, P99],
    kinds: ['nexus', 'nexus-relay', ...PEERS, 'xmpp', 'tcp'],
    ...ONE_TO_FOUR,
    perSecond: 2_000
  }),
  channelRow({
    name: 'fifty',
    title: 'channel, 1 to 50 through a relay, 100/s',
    measures: [P50, P99],
    kinds: ['nexus-relay', 'nats', 'mqtt', 'socketio', 'xmpp'],
    publishers: 1,
    subscribers: 50,
    perSecond: 100
  }),
  channelRow({
    name: 'ten-ten',
    title: 'channel, 10 to 10 through a relay, 20/s each',
    measures: [P99, P50],
    kinds: ['nexus-relay', 'nats', 'mqtt', 'socketio', 'xmpp'],
    publishers: 10,
    subscribers: 10,
    perSecond: 20
  })
]
