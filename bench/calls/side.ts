/** One side of a comparison of calls, in a process of its own: the server of a kind, or its clients. */
import { answerOrders } from '../side-process.ts'
import { kindOf } from './kinds.ts'
import { type Client, checked, inFlight, type Load } from './load.ts'

/** What each client does again and again. */
export interface Work {
  what: 'call' | 'bytes' | 'direct'
  /** Bytes of the body; absent for some hundred. */
  size?: number
}

export type Order =
  | { do: 'serve'; kind: string }
  /** Gives `false` when the kind has no such thing. */
  | { do: 'open'; kind: string; address: string; clients: number; work: Work }
  /** Keeps so many in flight of each client; gives a `Load`. */
  | { do: 'load'; inFlight: number; seconds: number }

const works: Array<() => Promise<void>> = []

answerOrders<Order>(async (order) => {
  switch (order.do) {
    case 'serve':
      return kindOf(order.kind).serve()
    case 'open':
      return open(order)
    case 'load':
      return load(order)
  }
})

async function open({ kind, address, clients, work }: Order & { do: 'open' }): Promise<boolean> {
  for (let index = 0; index < clients; index++) {
    const one = workOf(await kindOf(kind).open(address), work)

    if (one === undefined) {
      return false
    }
    works.push(one)
  }
  return true
}

async function load({ inFlight: count, seconds }: Order & { do: 'load' }): Promise<Load> {
  const loads = await Promise.all(works.map((work) => inFlight(work, seconds, count)))
  return { rate: loads.reduce((sum, { rate }) => sum + rate, 0), times: loads.flatMap(({ times }) => times) }
}

function workOf(client: Client, { what, size = 0 }: Work): (() => Promise<void>) | undefined {
  const { call, bytes, direct } = client

  switch (what) {
    case 'call':
      return size === 0 ? checked(call) : checked(call, 'x'.repeat(size))
    case 'direct':
      return direct && (() => direct({ a: 1, b: 7, text: 'one way' }))
    case 'bytes':
      return bytes && (() => echo(bytes, size))
  }
}

async function echo(bytes: (body: Uint8Array) => Promise<Uint8Array>, size: number): Promise<void> {
  const back = await bytes(new Uint8Array(size))

  if (back.byteLength !== size) {
    throw new Error(`${back.byteLength} bytes came back, not ${size}`)
  }
}
