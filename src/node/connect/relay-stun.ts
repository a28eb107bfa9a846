import type { Connection, Logger } from '@libp2p/interface'
import { readStunPorts, type StunPorts } from '../../protocols/system/command-bodies.ts'
import type { SystemCalls } from '../../protocols/system/system-calls.ts'
import type { IceServer } from '../../types.ts'
import { stunServerAt } from '../libp2p/addresses.ts'

/** A relay that does not answer must not keep a direct path waiting. */
const ASK_TIMEOUT_MS = 2_000
/** Each is asked for every path that is tried. */
const MAX_SERVERS = 2

export interface RelayStunInit {
  /** The connections to relays. */
  relays: () => Connection[]
  system: SystemCalls
  log: Logger
}

/** The STUN servers of the relays that this member is connected to. */
export class RelayStun {
  readonly #init: RelayStunInit
  /** What was told on a connection: a relay that was started anew may have other ports. */
  readonly #told = new WeakMap<Connection, Promise<StunPorts>>()

  constructor(init: RelayStunInit) {
    this.#init = init
  }

  /** Asks relays that were not asked yet. Never rejects. */
  async servers(): Promise<IceServer[]> {
    const servers = this.#init.relays().map(async (relay) => stunServerAt(relay.remoteAddr, await this.#portsOf(relay)))
    return (await Promise.all(servers)).flat().slice(0, MAX_SERVERS)
  }

  #portsOf(relay: Connection): Promise<StunPorts> {
    const told = this.#told.get(relay) ?? this.#ask(relay)
    this.#told.set(relay, told)
    return told
  }

  async #ask(relay: Connection): Promise<StunPorts> {
    const { system, log } = this.#init

    try {
      const options = { timeoutMs: ASK_TIMEOUT_MS }
      return readStunPorts(await system.call(relay.remotePeer.toString(), '$relay', {}, options))
    } catch (error) {
      log('%p tells no STUN server: %e', relay.remotePeer, error)
      this.#told.delete(relay)
      return {}
    }
  }
}
