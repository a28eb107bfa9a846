import type { NexusError } from '../src/errors.ts'
import type { RelayEvent } from './options.ts'

/** A dial that goes on with another address, or in another way, has come through by then. */
const HELD_MS = 2_000
/** Peers whose refusals are held at a time; those of more are told at once. */
const MAX_HELD = 1_000

type Refused = Extract<RelayEvent, { event: 'refused' }>

/**
 * Tells of peers that were refused a moment later, once each, and not at all when the peer got in meanwhile: what a
 * dial tried in vain before it came through is no refusal of the peer.
 */
export class HeldRefusals {
  readonly #tell: (event: Refused) => void
  readonly #heldMs: number
  readonly #held = new Map<string, { event: Refused; timer: ReturnType<typeof setTimeout> }>()

  constructor(tell: (event: Refused) => void, heldMs = HELD_MS) {
    this.#tell = tell
    this.#heldMs = heldMs
  }

  refused(peer: string, address: string, { code, reason, message }: NexusError): void {
    const event: Refused = { event: 'refused', peer, address, code, reason, message }

    if (this.#held.has(peer)) {
      return
    }

    if (this.#held.size >= MAX_HELD) {
      this.#tell(event)
      return
    }

    this.#held.set(peer, { event, timer: setTimeout(() => this.#release(peer), this.#heldMs) })
  }

  /** A connection with this peer is open now. */
  gotIn(peer: string): void {
    clearTimeout(this.#held.get(peer)?.timer)
    this.#held.delete(peer)
  }

  /** Tells of those that are held. */
  stop(): void {
    for (const peer of [...this.#held.keys()]) {
      this.#release(peer)
    }
  }

  #release(peer: string): void {
    const held = this.#held.get(peer)
    this.gotIn(peer)

    if (held !== undefined) {
      this.#tell(held.event)
    }
  }
}
