/**
 * One publisher and four subscribers, each in a process of its own, with bodies of about 90 bytes: deliveries a second,
 * and the latency of single messages at 50 a second, directly and through a relay, beside plain TCP in the same run.
 *
 * Run: `node bench/channel.ts [messages] [tcp,direct,relay]`
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { createRelay } from '../relay/relay.ts'
import { Authority } from '../src/identity/authority.ts'
import { createCredential } from '../src/identity/credential.ts'
import { generateKey, peerIdOf } from '../src/identity/keys.ts'
import { createNexus } from '../src/node/create.ts'
import type { BlockKind, Nexus } from '../src/types.ts'

const SUBSCRIBERS = 4
/** Plain TCP; the channel between blocks that are connected; the channel through a relay. */
const KINDS = ['tcp', 'direct', 'relay']
const CHANNEL = 'bench'
const LISTEN = ['/ip4/127.0.0.1/tcp/0']
/** Messages published and not yet handed over: enough to fill batches, few enough to leave the memory alone. */
const IN_FLIGHT = 2_000
const WARM_UP = 2_000
const PAUSE_MS = 20
const SINGLE_MESSAGES = 300

interface Body {
  /** When it was published, in ns of the machine's monotonic clock; 0 when nobody wants to know. */
  at: number
  index: number
  text: string
}

type Order =
  | { do: 'start'; credential: unknown; bootstrap: string[] }
  | { do: 'listen-tcp' }
  | { do: 'connect-tcp'; port: number }
  | { do: 'subscribe' }
  /** Subscribers: count from here, and tell when this many messages came. */
  | { do: 'expect'; count: number }
  | { do: 'tell' }
  /** Publisher: as fast as it goes, or one by one every `pauseMs`. */
  | { do: 'publish'; count: number; pauseMs?: number; tcp?: boolean }
  | { do: 'stop' }

const now = (): number => Number(process.hrtime.bigint())
const bodyOf = (index: number, timed: boolean): Body => ({ at: timed ? now() : 0, index, text: 'x'.repeat(48) })

/** One process's part. */
function serve(): void {
  let nexus: Nexus | undefined
  const sockets: Socket[] = []
  let expected = 0
  let received = 0
  let missed = 0
  let latencies: number[] = []
  let reached: (() => void) | undefined
  let whole: Promise<number> | undefined

  const count = (messages: number): void => {
    received += messages

    if (received >= expected) {
      reached?.()
    }
  }
  const onBody = ({ at }: Body): void => {
    if (at > 0) {
      latencies.push((now() - at) / 1e6)
    }
    count(1)
  }
  const steps = {
    start: async ({ credential, bootstrap }: Order & { do: 'start' }) => {
      nexus = await createNexus({ credential: credential as never, bootstrap, listen: LISTEN })
      return nexus.addresses
    },
    subscribe: async () => {
      const { reach } = await nexus!.subscribe<Body>(CHANNEL, ({ body, itsMe }) => (itsMe ? undefined : onBody(body)), {
        onGap: ({ missed: more }) => {
          missed += more
          count(more)
        }
      })
      return reach
    },
    'listen-tcp': async () => {
      const server = createServer((socket) => void sockets.push(socket.setNoDelay())).listen(0, '127.0.0.1')
      await once(server, 'listening')
      return (server.address() as { port: number }).port
    },
    'connect-tcp': async ({ port }: Order & { do: 'connect-tcp' }) => {
      const socket = connect(port, '127.0.0.1').setNoDelay()
      createInterface({ input: socket }).on('line', (line) => onBody(JSON.parse(line)))
      await once(socket, 'connect')
    },
    expect: async ({ count }: Order & { do: 'expect' }) => {
      expected = count
      received = 0
      missed = 0
      latencies = []
      whole = new Promise<number>((resolve) => {
        reached = () => resolve(now())
      })
    },
    tell: async () => ({ at: await whole, latencies, missed }),
    publish: async ({ count, pauseMs, tcp }: Order & { do: 'publish' }) => {
      const began = now()
      const one =
        tcp === true ? sendTcp(sockets) : async (body: Body) => void (await nexus!.publish(CHANNEL, { ...body }))
      await (pauseMs === undefined ? flood(count, one) : drip(count, pauseMs, one))
      return began
    },
    stop: async () => {
      await nexus?.stop()
      process.exit(0)
    }
  }

  process.on('message', async ({ id, order }: { id: number; order: Order }) => {
    const step = steps[order.do] as (order: Order) => Promise<unknown>
    const result = await step(order).catch((error: unknown) => ({ error: String(error) }))
    process.send!({ id, result })
  })
}

async function flood(count: number, one: (body: Body) => Promise<void> | undefined): Promise<void> {
  const running: Array<Promise<void> | undefined> = []

  for (let index = 0; index < count; index++) {
    running.push(one(bodyOf(index, false)))

    if (running.length === IN_FLIGHT) {
      await running[IN_FLIGHT / 2]
      await Promise.all(running.splice(0, IN_FLIGHT / 2))
    }
  }
  await Promise.all(running)
}

async function drip(count: number, pauseMs: number, one: (body: Body) => Promise<void> | undefined): Promise<void> {
  for (let index = 0; index < count; index++) {
    await new Promise((resolve) => setTimeout(resolve, pauseMs))
    await one(bodyOf(index, true))
  }
}

/** JSON lines, those of one turn of the event loop in one write. */
function sendTcp(sockets: Socket[]): (body: Body) => Promise<void> | undefined {
  let lines: string[] = []
  let flushed: Promise<void> | undefined
  const flush = async (): Promise<void> => {
    await new Promise(setImmediate)
    const chunk = lines.join('')
    lines = []
    flushed = undefined
    await Promise.all(sockets.map((socket) => (socket.write(chunk) ? undefined : once(socket, 'drain'))))
  }
  return (body) => {
    lines.push(`${JSON.stringify(body)}\n`)
    flushed ??= flush()
    return flushed
  }
}

/** A process with orders and answers. */
class Player {
  readonly #child: ChildProcess = fork(import.meta.filename, { serialization: 'advanced' })
  readonly #pending = new Map<number, (result: unknown) => void>()
  #next = 0

  constructor() {
    this.#child.on('message', ({ id, result }: { id: number; result: unknown }) => this.#pending.get(id)?.(result))
  }

  order<T>(order: Order): Promise<T> {
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#pending.set(id, (result) => {
        const error = (result as { error?: string } | undefined)?.error
        return error === undefined ? resolve(result as T) : reject(new Error(error))
      })
      this.#child.send({ id, order })
    })
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit')
    this.#child.send({ id: -1, order: { do: 'stop' } })
    await exited
  }
}

/** What a subscriber tells; `at` in ns, latencies in ms. */
interface Ended {
  at: number
  latencies: number[]
  missed: number
}

interface Result {
  deliveries: number
  p50: number
  p99: number
  missed: number
}

async function coordinate(messages: number, kinds: string[]): Promise<void> {
  console.log(`${SUBSCRIBERS} subscribers, ${messages} messages of ${JSON.stringify(bodyOf(0, true)).length} bytes`)
  let limit: Result | undefined

  for (const kind of kinds) {
    const result = kind === 'tcp' ? await measureTcp(messages) : await measureChannel(messages, kind === 'relay')
    limit ??= result
    report(kind, result, limit)
  }
}

async function measureTcp(messages: number): Promise<Result> {
  const [publisher, subscribers] = players()
  const port = await publisher.order<number>({ do: 'listen-tcp' })
  await Promise.all(subscribers.map((player) => player.order({ do: 'connect-tcp', port })))
  return measure(publisher, subscribers, messages, true)
}

async function measureChannel(messages: number, relayed: boolean): Promise<Result> {
  const authority = await Authority.create({ network: 'bench.nexus.example' })
  const relay = relayed
    ? await createRelay({ credential: await credentialOf(authority, 'relay', 0), listen: LISTEN })
    : undefined
  const [publisher, subscribers] = players()
  const start = async (player: Player, index: number, bootstrap: string[]): Promise<string[]> =>
    player.order({ do: 'start', credential: await credentialOf(authority, 'device', index), bootstrap })
  const entry = await start(publisher, 0, relay?.addresses ?? [])

  for (const [index, player] of subscribers.entries()) {
    await start(player, index + 1, relay?.addresses ?? entry)
  }
  await Promise.all(subscribers.map((player) => player.order({ do: 'subscribe' })))
  const result = await measure(publisher, subscribers, messages, false)
  await relay?.stop()
  return result
}

function players(): [Player, Player[]] {
  return [new Player(), Array.from({ length: SUBSCRIBERS }, () => new Player())]
}

async function credentialOf(authority: Authority, block: BlockKind, index: number) {
  const key = await generateKey()
  const subject = {
    app: block === 'relay' ? 'relay' : 'bench',
    uid: 'anna',
    role: 'owner',
    resource: `r${index}`
  } as const
  const certificate = await authority.issueCertificate({ ...subject, peerId: peerIdOf(key), block })
  return createCredential({ network: authority.network, key, certificate, roots: [authority.rootId] })
}

async function measure(publisher: Player, subscribers: Player[], messages: number, tcp: boolean): Promise<Result> {
  const round = async (count: number, pauseMs?: number) => {
    await Promise.all(subscribers.map((player) => player.order({ do: 'expect', count })))
    const began = await publisher.order<number>({ do: 'publish', count, pauseMs, tcp })
    return { began, ends: await Promise.all(subscribers.map((player) => player.order<Ended>({ do: 'tell' }))) }
  }
  await round(WARM_UP)
  const { began, ends } = await round(messages)
  const seconds = (Math.max(...ends.map(({ at }) => at)) - began) / 1e9
  const singles = await round(SINGLE_MESSAGES, PAUSE_MS)
  const missed = [...ends, ...singles.ends].reduce((sum, end) => sum + end.missed, 0)
  const latencies = singles.ends.flatMap((end) => end.latencies).sort((a, b) => a - b)
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? Number.NaN
  await Promise.all([publisher, ...subscribers].map((player) => player.stop()))
  return { deliveries: (messages * SUBSCRIBERS) / seconds, p50: at(0.5), p99: at(0.99), missed }
}

function report(what: string, { deliveries, p50, p99, missed }: Result, base: Result): void {
  const share = ((100 * deliveries) / base.deliveries).toFixed(0)
  const times = (p50 / base.p50).toFixed(1)
  console.log(
    `${what}: ${Math.round(deliveries).toLocaleString('en')} deliveries/s (${share} % of the first); ` +
      `one by one p50 ${p50.toFixed(2)} ms (${times} times), p99 ${p99.toFixed(2)} ms${missed === 0 ? '' : `; ${missed} missed`}`
  )
}

if (process.send === undefined) {
  await coordinate(Number(process.argv[2] ?? 100_000), process.argv[3]?.split(',') ?? KINDS)
} else {
  serve()
}
