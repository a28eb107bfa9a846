import type { RPC } from '@libp2p/gossipsub/message'
import { GossipEnvelope } from '../pb/gossip.ts'
import { type Numbers, numbersIn } from './history-question.ts'

/** A gossip message as it came, and what was proven of it. */
export interface KeptInit {
  message: RPC.Message
  /** Peer id of the sender. */
  sender: string
  /** Of the sender. */
  user: string
  /** When it was sent, by its sender's clock (ms since 1970). */
  time: number
}

export interface Kept extends KeptInit {
  /** Counts up. */
  readonly id: number
  readonly bytes: number
  readonly at: number
  /** It had to go. */
  isGone: boolean
  /** Which numbers it has; read when somebody asks, `null` when it does not say. */
  numbers?: Numbers | null
}

/** Which numbers a kept message has; `undefined` when it does not say. */
export function numbersOf(kept: Kept): Numbers | undefined {
  if (kept.numbers === undefined) {
    kept.numbers = numbersIn(kept.sender, payloadOf(kept)) ?? null
  }
  return kept.numbers ?? undefined
}

function payloadOf({ message: { data } }: Kept): Uint8Array {
  return data === undefined ? new Uint8Array(0) : GossipEnvelope.decode(data).payload
}
