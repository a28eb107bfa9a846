/** Some honest clients in one process: each calls a worker and publishes on a channel, at a steady pace. */

import type { Credential } from '../../../src/identity/credential.ts'
import { createNexus } from '../../../src/index.ts'
import { now } from '../../../src/lib/now.ts'
import type { Nexus } from '../../../src/types.ts'
import { answerCommands, cpuMs } from '../../support/command-process.ts'
import { until } from '../../support/until.ts'
import type { Sample } from './figures.ts'

/** Of each client, calls and messages alike. */
const A_SECOND = 5
const WARM_UP_MS = 1_500
/** What has not come by then is lost. */
const LAST_MS = 30_000

export interface HonestSamples {
  calls: Sample
  messages: Sample
}

export interface HonestCommands {
  /** Starts one client for each credential, all on one channel, and waits until calls and channels work. */
  start: (credentials: Credential[], bootstrap: string[], channel: string) => Promise<void>
  /** Goes on at its pace for so long, and waits for what is on its way. */
  measure: (ms: number) => Promise<HonestSamples>
  /** Processor time so far. */
  cpuMs: () => number
  stop: () => Promise<void>
}

interface Message {
  from: number
  at: number
}

const clients: Nexus[] = []
let channel: string
/** Messages that were published and have not come to all, by sender and time. */
const onTheWay = new Map<string, number>()
let latencies: number[] = []

const keyOf = ({ from, at }: Message): string => `${from} ${at}`

const commands: HonestCommands = {
  async start(credentials, bootstrap, name) {
    channel = name

    for (const credential of credentials) {
      const client = await createNexus({ credential, bootstrap, listen: [] })
      clients.push(client)
      await client.subscribe<Message>(channel, ({ body }) => onMessage(body))
    }
    await until(() => load(WARM_UP_MS, 10_000).then(isWhole), 'calls and channels work', 120_000)
  },
  measure: (ms) => load(ms, LAST_MS),
  cpuMs,
  async stop() {
    await Promise.all(clients.map((client) => client.stop()))
    setTimeout(() => process.disconnect(), 10)
  }
}

function isWhole({ calls, messages }: HonestSamples): boolean {
  return calls.lost === 0 && messages.lost === 0
}

async function load(ms: number, lastMs: number): Promise<HonestSamples> {
  onTheWay.clear()
  latencies = []
  const calls: number[] = []
  const failures: string[] = []
  const running = clients.map(async (client, index) => {
    const end = now() + ms
    const started: Promise<unknown>[] = []
    // Spread over the second, as those of 20 clients are.
    await pause((index * 1_000) / A_SECOND / clients.length)

    while (now() < end) {
      const next = now() + 1_000 / A_SECOND
      started.push(call(client, calls, failures), publish(client, index))
      await pause(next - now())
    }
    await Promise.all(started)
  })
  await Promise.all(running)
  await until(() => onTheWay.size === 0, '', lastMs).catch(() => undefined)
  const lost = [...onTheWay.values()].reduce((sum, missing) => sum + missing, 0)
  return {
    calls: { times: calls, lost: failures.length, failures },
    messages: { times: latencies, lost, failures: [] }
  }
}

async function call(client: Nexus, calls: number[], failures: string[]): Promise<void> {
  const began = now()

  try {
    await client.api({ app: 'etest', cmd: 'echo', body: { a: 1 } })
    calls.push(now() - began)
  } catch (error) {
    failures.push(String(error))
  }
}

async function publish(client: Nexus, index: number): Promise<void> {
  const message = { from: index, at: now() }
  onTheWay.set(keyOf(message), clients.length)
  await client.publish(channel, message).catch(() => undefined)
}

function onMessage(message: Message): void {
  const missing = onTheWay.get(keyOf(message))

  if (missing === undefined) {
    return
  }
  latencies.push(now() - message.at)

  if (missing === 1) {
    onTheWay.delete(keyOf(message))
  } else {
    onTheWay.set(keyOf(message), missing - 1)
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}

answerCommands(commands)
