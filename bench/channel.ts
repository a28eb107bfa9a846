/**
 * One publisher and four subscribers, each in a process of its own, with bodies of about 90 bytes: deliveries a second,
 * and the latency of single messages at 50 a second, directly and through a relay, beside plain TCP in the same run.
 *
 * Run: `node bench/channel.ts [messages] [tcp,direct,relay]`
 */
import { createRelay } from '../relay/relay.ts'
import { Authority } from '../src/identity/authority.ts'
import { createCredential } from '../src/identity/credential.ts'
import { generateKey, peerIdOf } from '../src/identity/keys.ts'
import type { BlockKind } from '../src/types.ts'
import { bodyOf } from './channel/load.ts'
import type { Ended } from './channel/orders.ts'
import { Player } from './channel/player.ts'

const SUBSCRIBERS = 4
/** Plain TCP; the channel between blocks that are connected; the channel through a relay. */
const KINDS = ['tcp', 'direct', 'relay']
const LISTEN = ['/ip4/127.0.0.1/tcp/0']
const WARM_UP = 2_000
const PAUSE_MS = 20
const SINGLE_MESSAGES = 300

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

await coordinate(Number(process.argv[2] ?? 100_000), process.argv[3]?.split(',') ?? KINDS)
