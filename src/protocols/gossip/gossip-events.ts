import type { RPC } from '@libp2p/gossipsub/message'
import type { DroppedMessages } from './message-intake.ts'
import type { SignedMessage } from './message-validator.ts'
import type { RefusedMessages } from './refused-messages.ts'

export interface SignedGossipEvents {
  /** A connected peer joined or left a topic. A peer whose connection closes leaves without saying so. */
  subscription: CustomEvent<{ peerId: string; topic: string; subscribed: boolean }>
  /** Messages were dropped. Told once a second at most. */
  dropped: CustomEvent<DroppedMessages>
  /** This block joined a topic, or left it. */
  join: CustomEvent<{ topic: string }>
  leave: CustomEvent<{ topic: string }>
  /** Messages were refused for what they are. Told at once, then once a second at most. */
  refused: CustomEvent<RefusedMessages>
  /** A message of a topic that this block receives was refused, as its time is over a minute off: it is lost here. */
  late: CustomEvent<SignedMessage>
}

/** Is given a message as it came, its sender, that one's user, and when it was sent. */
export type AcceptedListener = (message: RPC.Message, of: { sender: string; user: string; time: number }) => void
