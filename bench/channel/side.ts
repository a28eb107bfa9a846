/** One process of a comparison of channels: what all members need, or some of the members. */
import { answerOrders } from '../side-process.ts'
import type { ChannelMember } from './kind.ts'
import { channelKindOf } from './kinds.ts'
import { bodyOf, now } from './load.ts'

export type Order =
  /** `asProgram`: as its operators run it. */
  | { do: 'hub'; kind: string; members: number; asProgram?: boolean }
  | { do: 'join'; kind: string; address: string; index: number }
  | { do: 'subscribe' }
  /** Counts from here. */
  | { do: 'expect'; messages: number }
  /** The first member publishes so many, as fast as it goes or at so many a second. Gives when it began, in ns. */
  | { do: 'publish'; messages: number; perSecond?: number }
  /** Waits for what was expected, for so long. Gives an `Arrived`. */
  | { do: 'tell'; withinMs: number }

export interface Arrived {
  /** When the last one came, in ns. */
  at: number
  /** In ms. */
  latencies: number[]
  messages: number
}

/** Messages published and not yet handed over: enough to fill batches, few enough to leave the memory alone. */
const IN_FLIGHT = 2_000

const members: ChannelMember[] = []
let arrived: Arrived = { at: 0, latencies: [], messages: 0 }
let expected = Number.POSITIVE_INFINITY
let onWhole: (() => void) | undefined

const steps: { [K in Order['do']]: (order: Order & { do: K }) => Promise<unknown> } = {
  hub: async ({ kind, members, asProgram = false }) => {
    const { hub, program = hub } = await channelKindOf(kind)
    return (asProgram ? program : hub)(members)
  },
  join: async ({ kind, address, index }) => {
    const { join } = await channelKindOf(kind)
    members.push(await join(address, index))
  },
  subscribe: async () => {
    await Promise.all(members.map((member) => member.subscribe(({ at }) => onMessage(at))))
  },
  expect: async ({ messages }) => {
    arrived = { at: 0, latencies: [], messages: 0 }
    expected = messages
  },
  publish,
  tell: async ({ withinMs }) => {
    if (arrived.messages < expected) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs)
        onWhole = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    return arrived
  }
}

answerOrders<Order>((order) => (steps[order.do] as (order: Order) => Promise<unknown>)(order))

function onMessage(sentAt: number): void {
  arrived.at = now()
  arrived.messages++

  if (sentAt > 0) {
    arrived.latencies.push((arrived.at - sentAt) / 1e6)
  }
  if (arrived.messages >= expected) {
    onWhole?.()
  }
}

async function publish({ messages, perSecond }: Order & { do: 'publish' }): Promise<number> {
  const [member] = members
  const began = now()
  const running: Array<Promise<void> | undefined> = []

  for (let index = 0; index < messages; index++) {
    if (perSecond !== undefined) {
      await pauseUntil(began + (index * 1e9) / perSecond)
    } else if (running.length === IN_FLIGHT) {
      await running[IN_FLIGHT / 2]
      await Promise.all(running.splice(0, IN_FLIGHT / 2))
    }
    running.push(member?.publish(bodyOf(index, perSecond !== undefined)))
  }
  await Promise.all(running)
  return began
}

async function pauseUntil(at: number): Promise<void> {
  const ms = (at - now()) / 1e6

  // Timers tick in ms: what is due sooner goes now.
  if (ms >= 1) {
    await new Promise((resolve) => setTimeout(resolve, ms))
  }
}
