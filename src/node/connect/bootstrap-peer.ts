import type { Connection, Libp2p, Logger } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { raceSignal } from 'race-signal'
import { type NexusError, toNexusError } from '../../errors.ts'
import { anyOf, onAbort } from '../../lib/abort.ts'
import { Backoff } from '../../lib/backoff.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import { toError } from '../../lib/to-error.ts'
import { peerIdIn } from '../libp2p/addresses.ts'
import type { ReservingTransport } from '../libp2p/reserving-transport.ts'
import type { NodeServices } from '../libp2p/services.ts'
import type { Dialer } from './dialer.ts'

const FIRST_RETRY_MS = 500
/** Short, as a relay that comes back finds its clients waiting; their tries are spread by chance. */
const MAX_RETRY_MS = 5_000
/** How often it is looked whether the reservation still stands. */
const CHECK_MS = 5_000
/** The library gives up after 5 s, when all is well with it. */
const RESERVE_TIMEOUT_MS = 6_000
/** After sleep or a change of network an open connection must answer within this time, or it is given up. */
const PROBE_MS = 2_000

export interface BootstrapPeerInit {
  address: Multiaddr
  libp2p: Libp2p<NodeServices>
  dialer: Dialer
  circuit: ReservingTransport
  /** Whether to ask for a reservation, so that peers without a direct path reach this block. */
  reserve: boolean
  /** How long a relay has to give one, in ms. Default 6,000. */
  reserveTimeoutMs?: number
  /** How far the clock of a connected peer is ahead (ms), when it is known. Default never. */
  clockAheadOf?: (peerId: string) => number | undefined
  /** Connected (again), with its reservation when there is one; or it has given one that it did not give before. */
  onConnected: (peerId: string) => void
  /** `state` is another. */
  onChange: () => void
  log: Logger
}

/** How one bootstrap peer stands. */
export interface BootstrapPeerState {
  connected: boolean
  /** It holds a reservation, or none is wanted. */
  reserved: boolean
  /** Why the last try failed. */
  failure: NexusError | undefined
  /** It is connected, and being asked whether it still answers. */
  doubtful: boolean
  /** How far its clock is ahead of this block's (ms), while it is connected and has told. */
  clockAheadMs?: number
}

const CLOSED: BootstrapPeerState = { connected: false, reserved: false, failure: undefined, doubtful: false }

/** One way into the mesh: keeps this block connected to one bootstrap address, and its reservation there alive. */
export class BootstrapPeer {
  readonly #init: BootstrapPeerInit
  readonly #stopping = new AbortController()
  #state: BootstrapPeerState = CLOSED
  #connection: Connection | undefined
  readonly #backoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS)
  readonly #reserveBackoff = new Backoff(FIRST_RETRY_MS, MAX_RETRY_MS)
  /** Ends the sleep that it is in: of the retry too when `urgent`. */
  #wakeUp: ((urgent: boolean) => void) | undefined

  constructor(init: BootstrapPeerInit) {
    this.#init = init
  }

  get state(): BootstrapPeerState {
    return this.#state
  }

  /** Why it is not connected: the address and the reason. */
  get trouble(): string {
    const { address } = this.#init
    const { failure, doubtful } = this.#state
    const reason = failure?.message.replace(`${address} cannot be reached: `, '')
    return `${address}: ${reason ?? (doubtful ? 'it is asked whether it still answers' : 'it is being dialled')}`
  }

  /** Runs until `stop`. `first` settles with the first try. */
  async run(first: PromiseWithResolvers<void>): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      try {
        await this.#enter()
        first.resolve()
        await this.#sleep(this.#state.reserved ? CHECK_MS : this.#reserveBackoff.next(), false)
      } catch (error) {
        const message = `${this.#init.address} cannot be reached: ${reasonOf(error)}`
        await this.#failed(toNexusError(error, 'UNREACHABLE', message), first)
      }
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** A connection was lost: looks whether it was this one's. The waits between tries stand. */
  check(): void {
    if (this.#connection?.status !== 'open') {
      this.#wakeUp?.(false)
    }
  }

  /** The device woke up, or has another network: tries at once, and gives up a connection that does not answer. */
  async recheck(): Promise<void> {
    if (this.#stopping.signal.aborted) {
      return
    }

    const connection = this.#connection
    this.#backoff.reset()

    if (connection?.status === 'open') {
      this.#set({ ...this.#state, doubtful: true })

      try {
        const signal = anyOf([AbortSignal.timeout(PROBE_MS), this.#stopping.signal])
        await this.#init.libp2p.services.ping.ping(connection.remotePeer, { signal })
        this.#set({ ...this.#state, doubtful: false })
      } catch (error) {
        connection.abort(toError(error))
      }
    }

    this.#wakeUp?.(true)
  }

  async #enter(): Promise<void> {
    const connection = await this.#connect()
    const isNew = connection !== this.#connection
    this.#connection = connection
    const wasReserved = this.#state.reserved
    const reserved = await this.#reserve(connection)

    if (this.#stopping.signal.aborted) {
      return
    }

    this.#backoff.reset()
    const clockAheadMs = this.#init.clockAheadOf?.(connection.remotePeer.toString())
    this.#set({ connected: true, reserved, failure: undefined, doubtful: false, clockAheadMs })

    if (reserved) {
      this.#reserveBackoff.reset()
    }

    // With a reservation it has an address more, which others are to know of.
    if (isNew || (reserved && !wasReserved)) {
      this.#init.onConnected(connection.remotePeer.toString())
    }
  }

  async #failed(failure: NexusError, first: PromiseWithResolvers<void>): Promise<void> {
    const { address, log } = this.#init

    if (!this.#stopping.signal.aborted) {
      this.#set({ ...CLOSED, failure })
      log('%s is not connected: %e', address, failure)
    }

    first.reject(failure)

    if (!this.#stopping.signal.aborted) {
      await this.#sleep(this.#backoff.next(), true)
    }
  }

  #set(state: BootstrapPeerState): void {
    this.#state = state
    this.#init.onChange()
  }

  async #connect(): Promise<Connection> {
    const { address, dialer } = this.#init
    const peerId = peerIdIn(address)
    const known = this.#connection?.status === 'open' ? this.#connection : undefined
    const open = known ?? (peerId === undefined ? undefined : dialer.best(peerId))

    if (open === undefined && this.#state.connected) {
      this.#set(CLOSED)
    }

    return open ?? (await dialer.dial(address, this.#stopping.signal))
  }

  // A relay that grants no reservation is still good for everything else.
  async #reserve(connection: Connection): Promise<boolean> {
    const { address, reserve, reserveTimeoutMs = RESERVE_TIMEOUT_MS, circuit, log } = this.#init
    const relay = connection.remotePeer

    if (!reserve || circuit.hasReservation(relay)) {
      return true
    }

    const relayAddress = peerIdIn(address) === undefined ? address.encapsulate(`/p2p/${relay}`) : address

    const signal = anyOf([AbortSignal.timeout(reserveTimeoutMs), this.#stopping.signal])

    try {
      await raceSignal(circuit.reserve(relay, relayAddress), signal)
      return true
    } catch (error) {
      if (!this.#stopping.signal.aborted) {
        log.error('no reservation at %s: %e', relay, error)
      }

      return false
    }
  }

  #sleep(ms: number, isRetry: boolean): Promise<void> {
    const { signal } = this.#stopping

    if (signal.aborted) {
      return Promise.resolve()
    }

    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        this.#wakeUp = undefined
        stopListening()
        resolve()
      }
      const timer = setTimeout(end, ms)
      this.#wakeUp = (urgent) => {
        if (urgent || !isRetry) {
          end()
        }
      }
      const stopListening = onAbort(signal, end)
    })
  }
}
