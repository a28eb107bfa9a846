/** One side of a comparison of calls, in a process of its own: the server of a kind, or its clients. */
import { answerOrders } from '../side-process.ts'
import type { Client, Load, Loader } from './kind.ts'
import { callKindOf } from './kinds.ts'
import { checked, inFlight, TEXT } from './load.ts'

/** What each client does again and again. */
export interface Work {
  what: 'call' | 'bytes' | 'direct'
  /** Bytes of the body; absent for some hundred. */
  size?: number
}

export type Order =
  | { do: 'relay'; kind: string }
  | { do: 'serve'; kind: string; relay: string | undefined }
  | { do: 'open'; kind: string; address: string; clients: number; work: Work }
  /** Keeps so many in flight of each client; gives a `Load`. */
  | { do: 'load'; inFlight: number; seconds: number }

const loaders: Loader[] = []

answerOrders<Order>(async (order) => {
  switch (order.do) {
    case 'relay':
      return (await callKindOf(order.kind)).relay?.()
    case 'serve':
      return (await callKindOf(order.kind)).serve(order.relay)
    case 'open':
      return open(order)
    case 'load':
      return load(order)
  }
})

async function open({ kind: name, address, clients, work }: Order & { do: 'open' }): Promise<void> {
  const kind = await callKindOf(name)

  for (let index = 0; index < clients; index++) {
    if (kind.openLoader !== undefined) {
      loaders.push(await kind.openLoader(address, textOf(work)))
    } else {
      const one = workOf(await kind.open(address), work)
      loaders.push((count, seconds) => inFlight(one, seconds, count))
    }
  }
}

async function load({ inFlight, seconds }: Order & { do: 'load' }): Promise<Load> {
  const loads = await Promise.all(loaders.map((loader) => loader(inFlight, seconds)))
  return { rate: loads.reduce((total, { rate }) => total + rate, 0), times: loads.flatMap(({ times }) => times) }
}

function workOf({ call, bytes, direct }: Client, work: Work): () => Promise<void> {
  switch (work.what) {
    case 'call':
      return checked(call, textOf(work))
    case 'direct':
      return () => direct?.({ a: 1, b: 7, text: 'one way' }) ?? none()
    case 'bytes':
      return () => echo(bytes ?? none, work.size ?? 0)
  }
}

const textOf = ({ size = 0 }: Work): string => (size === 0 ? TEXT : 'x'.repeat(size))

async function none(): Promise<never> {
  throw new Error('this kind has no such thing')
}

async function echo(bytes: (body: Uint8Array) => Promise<Uint8Array>, size: number): Promise<void> {
  const back = await bytes(new Uint8Array(size))

  if (back.byteLength !== size) {
    throw new Error(`${back.byteLength} bytes came back, not ${size}`)
  }
}
