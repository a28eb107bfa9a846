import type { Connection, Libp2p, Logger } from '@libp2p/interface'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { raceSignal } from 'race-signal'
import { NexusError, toNexusError } from '../errors.ts'
import { type Dialer, peerIdIn } from './dialer.ts'
import type { ReservingTransport } from './reserving-transport.ts'

const FIRST_RETRY_MS = 500
const MAX_RETRY_MS = 15_000
/** How often it is looked whether the reservation still stands. */
const CHECK_MS = 5_000

export interface BootstrapInit {
  addresses: Multiaddr[]
  libp2p: Libp2p
  dialer: Dialer
  circuit: ReservingTransport
  /** Whether to ask relays for a reservation, so that peers without a direct path reach this block. */
  reserve: boolean
  /** A bootstrap peer is connected (again), with its reservation when there is one. */
  onConnected: (peerId: string) => void
  log: Logger
}

/** Keeps this block connected to its relays, and its reservations there alive, for as long as it runs. */
export class Bootstrap {
  readonly #init: BootstrapInit
  readonly #stopping = new AbortController()
  readonly #loops: Array<Promise<void>> = []
  readonly #wakers = new Set<() => void>()

  constructor(init: BootstrapInit) {
    this.#init = init
  }

  /**
   * Starts to connect. Resolves when the first relay is connected; rejects with `REFUSED` or `UNREACHABLE` when the
   * first try at each has failed. Either way it goes on trying until `stop`.
   */
  async start(): Promise<void> {
    const { addresses, libp2p } = this.#init

    if (addresses.length === 0) {
      return
    }

    libp2p.addEventListener('peer:disconnect', this.#wake)
    const firsts = addresses.map((address) => {
      const first = Promise.withResolvers<void>()
      this.#loops.push(this.#keep(address, first))
      return first.promise
    })

    try {
      await Promise.any(firsts)
    } catch (error) {
      const failures = (error as AggregateError).errors as NexusError[]
      throw failures.find(({ code }) => code === 'REFUSED') ?? failures[0]
    }
  }

  async stop(): Promise<void> {
    this.#init.libp2p.removeEventListener('peer:disconnect', this.#wake)
    this.#stopping.abort()
    await Promise.all(this.#loops)
  }

  readonly #wake = (): void => {
    for (const wake of [...this.#wakers]) {
      wake()
    }
  }

  async #keep(address: Multiaddr, first: PromiseWithResolvers<void>): Promise<void> {
    const { log, onConnected } = this.#init
    let connected: Connection | undefined
    let retryMs = FIRST_RETRY_MS

    while (!this.#stopping.signal.aborted) {
      try {
        const connection = await this.#connect(address, connected)
        await this.#reserve(connection, address)

        if (connection !== connected && !this.#stopping.signal.aborted) {
          connected = connection
          onConnected(connection.remotePeer.toString())
        }

        first.resolve()
        retryMs = FIRST_RETRY_MS
        await this.#sleep(CHECK_MS, this.#wakers)
      } catch (error) {
        first.reject(toNexusError(error, 'UNREACHABLE', `${address.toString()} cannot be reached`))

        if (!this.#stopping.signal.aborted) {
          log('%s is not connected: %e', address, error)
          await this.#sleep(retryMs * (0.75 + Math.random() / 2))
        }

        retryMs = Math.min(retryMs * 2, MAX_RETRY_MS)
      }
    }
  }

  async #connect(address: Multiaddr, connected: Connection | undefined): Promise<Connection> {
    const { dialer } = this.#init
    const peerId = peerIdIn(address)
    const open = connected?.status === 'open' ? connected : peerId === undefined ? undefined : dialer.best(peerId)
    return open ?? (await dialer.dial(address, this.#stopping.signal))
  }

  // A relay that grants no reservation is still good for everything else.
  async #reserve(connection: Connection, address: Multiaddr): Promise<void> {
    const { reserve, circuit, log } = this.#init
    const relay = connection.remotePeer

    if (!reserve || circuit.hasReservation(relay)) {
      return
    }

    const relayAddress = peerIdIn(address) === undefined ? address.encapsulate(`/p2p/${relay}`) : address

    try {
      await raceSignal(circuit.reserve(relay, relayAddress), this.#stopping.signal)
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        log.error('no reservation at %s: %e', relay, error)
      }
    }
  }

  // A lost connection ends the sleep of those who are connected: it may have been their relay's. The waits between
  // tries stand, however many other connections come and go.
  #sleep(ms: number, wakers?: Set<() => void>): Promise<void> {
    const { signal } = this.#stopping

    if (signal.aborted) {
      return Promise.resolve()
    }

    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        wakers?.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      wakers?.add(wake)
      signal.addEventListener('abort', wake, { once: true })
    })
  }
}

/** The multiaddrs that these texts are. Throws `INVALID`, naming the one that is none. */
export function parseAddresses(field: string, texts: readonly string[]): Multiaddr[] {
  return texts.map((text) => {
    try {
      return multiaddr(text)
    } catch (error) {
      throw new NexusError('INVALID', `${field}: not a multiaddr: ${text}`, { cause: error })
    }
  })
}
