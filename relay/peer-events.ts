import type { Connection, PeerId } from '@libp2p/interface'
import type { Part } from '../src/lib/lifecycle.ts'
import { CLOCK_NOTICE_MS } from '../src/node/clock-check.ts'
import type { Member } from '../src/node/member.ts'
import type { DroppedMessages } from '../src/protocols/gossip/message-intake.ts'
import type { RefusedMessages } from '../src/protocols/gossip/refused-messages.ts'
import { endReservation } from './circuits.ts'
import type { HeldRefusals } from './held-refusals.ts'
import type { ResolvedRelayOptions } from './options.ts'

export interface PeerEventsInit {
  member: Member
  refusals: HeldRefusals
  options: ResolvedRelayOptions
}

/** Tells who comes and goes, and forgets who has gone. A relay's own stop is no news of others. */
export class PeerEvents implements Part {
  readonly #init: PeerEventsInit

  constructor(init: PeerEventsInit) {
    this.#init = init
    const { libp2p } = init.member.node
    init.member.gossip.addEventListener('dropped', this.#onDropped)
    init.member.gossip.addEventListener('refused', this.#onRefused)
    libp2p.addEventListener('connection:open', this.#onOpen)
    libp2p.addEventListener('peer:connect', this.#onConnect)
    libp2p.addEventListener('peer:disconnect', this.#onDisconnect)
  }

  stop(): void {
    const { gossip, node } = this.#init.member
    const { libp2p } = node
    gossip.removeEventListener('dropped', this.#onDropped)
    gossip.removeEventListener('refused', this.#onRefused)
    libp2p.removeEventListener('connection:open', this.#onOpen)
    libp2p.removeEventListener('peer:connect', this.#onConnect)
    libp2p.removeEventListener('peer:disconnect', this.#onDisconnect)
    this.#init.refusals.stop()
  }

  readonly #onOpen = ({ detail }: CustomEvent<Connection>): void => {
    this.#init.refusals.gotIn(detail.remotePeer.toString())
  }

  readonly #onConnect = ({ detail }: CustomEvent<PeerId>): void => {
    const { member, options } = this.#init
    const [connection] = member.node.libp2p.getConnections(detail)
    const peer = detail.toString()
    const address = connection?.remoteAddr.toString()
    options.onEvent?.({ event: 'connected', peer, jid: this.#jidOf(peer), address })
    this.#tellClock(peer)
  }

  // Others ask the relay who is live: what it can see to be gone it must not go on naming.
  readonly #onDisconnect = ({ detail }: CustomEvent<PeerId>): void => {
    const { member, options } = this.#init
    const peer = detail.toString()
    member.book.remove(peer)
    endReservation(member.node.libp2p.services, detail)
    options.onEvent?.({ event: 'disconnected', peer, jid: this.#jidOf(peer) })
  }

  readonly #onDropped = ({ detail: { peerId: peer, messages } }: CustomEvent<DroppedMessages>): void => {
    this.#init.options.onEvent?.({ event: 'dropped', peer, jid: this.#jidOf(peer), messages })
  }

  readonly #onRefused = ({ detail }: CustomEvent<RefusedMessages>): void => {
    const { peerId: peer, from, topic, messages, message } = detail
    this.#init.options.onEvent?.({
      event: 'refused-messages',
      peer,
      jid: this.#jidOf(peer),
      from,
      topic,
      messages,
      message
    })
  }

  #tellClock(peer: string): void {
    const { member, options } = this.#init
    const aheadMs = Math.round(member.node.verified.get(peer)?.clock?.aheadMs() ?? 0)

    if (Math.abs(aheadMs) > CLOCK_NOTICE_MS) {
      options.onEvent?.({ event: 'wrong-clock', peer, jid: this.#jidOf(peer), aheadMs })
    }
  }

  #jidOf(peer: string): string | undefined {
    return this.#init.member.node.verified.get(peer)?.identity.jid
  }
}
