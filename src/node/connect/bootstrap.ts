import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { TypedEventEmitter } from 'main-event'
import { NexusError } from '../../errors.ts'
import { anyOf, waitUntilAborted } from '../../lib/abort.ts'
import type { Part } from '../../lib/lifecycle.ts'
import { multiaddrHint } from './address-reasons.ts'
import { BootstrapPeer, type BootstrapPeerInit, type BootstrapPeerState } from './bootstrap-peer.ts'

export interface BootstrapInit extends Omit<BootstrapPeerInit, 'address' | 'onConnected' | 'onChange'> {
  addresses: Multiaddr[]
  /** Whether `start` waits for the first peer: for as long as it takes, or for one try at each. */
  isAwaited: boolean | 'once'
  /** How long it takes at most, in ms. Default: without end. */
  timeoutMs?: number | undefined
}

export interface BootstrapEvents {
  /** A bootstrap peer is connected (again). */
  connected: CustomEvent<{ peerId: string }>
  /** A connection was made or lost, or a try failed: how all of them stand. */
  change: CustomEvent<BootstrapPeerState[]>
}

/** Keeps this block connected to its relays, and its reservations there alive, for as long as it runs. */
export class Bootstrap extends TypedEventEmitter<BootstrapEvents> implements Part {
  readonly #init: BootstrapInit
  readonly #peers: BootstrapPeer[]
  #becameJoined: PromiseWithResolvers<void> | undefined
  #running: Array<Promise<void>> = []
  readonly #stopping = new AbortController()

  constructor(init: BootstrapInit) {
    super()
    const onConnected = (peerId: string): void => {
      this.safeDispatchEvent('connected', { detail: { peerId } })
    }
    const onChange = (): void => {
      this.safeDispatchEvent('change', { detail: this.#peers.map(({ state }) => state) })
      this.#releaseWaiting()
    }
    this.#init = init
    this.#peers = init.addresses.map((address) => new BootstrapPeer({ ...init, address, onConnected, onChange }))
  }

  /**
   * Starts to connect. When it is awaited, it resolves when the first peer is connected. When the first try at each has
   * failed it rejects with `REFUSED`, or with `UNREACHABLE` unless it is awaited for longer. Then it rejects with
   * `REFUSED` once all fail and one refuses, and with `UNREACHABLE` after its time. It goes on trying until `stop`.
   */
  async start(): Promise<void> {
    if (this.#peers.length === 0) {
      return
    }

    const first = this.#connect()

    if (this.#init.isAwaited === 'once') {
      await first
    } else if (this.#init.isAwaited) {
      await first.catch((error: NexusError) => this.#untilJoined(error))
    } else {
      // It goes on trying; the log tells why it has not come through yet.
      first.catch(() => undefined)
    }
  }

  async #untilJoined(failure: NexusError): Promise<void> {
    if (failure.code === 'REFUSED') {
      throw failure
    }

    const { timeoutMs } = this.#init
    const refused = new AbortController()
    const ends = [this.#stopping.signal, refused.signal]
    const onChange = (): void => {
      if (this.#refusal !== undefined) {
        refused.abort()
      }
    }
    this.addEventListener('change', onChange)
    await this.joined(anyOf(timeoutMs === undefined ? ends : [...ends, AbortSignal.timeout(timeoutMs)]))
    this.removeEventListener('change', onChange)

    if (!this.#isIn && !this.#stopping.signal.aborted) {
      throw this.#refusal ?? new NexusError('UNREACHABLE', `${this.missing}`, { cause: failure })
    }
  }

  /** Why this block is not let in, when no peer does and one refuses it. */
  get #refusal(): NexusError | undefined {
    const failures = this.#peers.map(({ state }) => state.failure)
    return failures.includes(undefined) ? undefined : failures.find((failure) => failure?.code === 'REFUSED')
  }

  async #connect(): Promise<void> {
    this.#init.libp2p.addEventListener('peer:disconnect', this.#check)
    const firsts = this.#peers.map(() => Promise.withResolvers<void>())
    this.#running = this.#peers.map((peer, index) => peer.run(firsts[index]!))

    try {
      await Promise.any(firsts.map(({ promise }) => promise))
    } catch (error) {
      const failures = (error as AggregateError).errors as NexusError[]
      throw failures.find(({ code }) => code === 'REFUSED') ?? allOf(failures)
    }
  }

  /** Whether there is anybody to join through. */
  get isNeeded(): boolean {
    return this.#peers.length > 0
  }

  /** Why this block has no way into the mesh, when it has none. */
  get missing(): string | undefined {
    if (this.#peers.length === 0) {
      return 'no bootstrap was given, and no peer is connected'
    }

    return this.#isIn ? undefined : `no entrance is connected: ${this.#peers.map(({ trouble }) => trouble).join('; ')}`
  }

  /**
   * Resolves once a bootstrap peer is connected and answers, at once when there are none; and when the signal aborts.
   */
  async joined(signal: AbortSignal): Promise<void> {
    if (this.#isIn || signal.aborted) {
      return
    }

    this.#becameJoined ??= Promise.withResolvers()
    await waitUntilAborted(this.#becameJoined.promise, signal)
  }

  /** The device woke up, or has another network: what is open must answer, and what is not is tried at once. */
  async recheck(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.recheck()))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    this.#init.libp2p.removeEventListener('peer:disconnect', this.#check)

    for (const peer of this.#peers) {
      peer.stop()
    }

    await Promise.all(this.#running)
  }

  get #isIn(): boolean {
    return this.#peers.length === 0 || this.#peers.some(({ state }) => state.connected && !state.doubtful)
  }

  #releaseWaiting(): void {
    if (this.#isIn) {
      this.#becameJoined?.resolve()
      this.#becameJoined = undefined
    }
  }

  readonly #check = (): void => {
    for (const peer of this.#peers) {
      peer.check()
    }
  }
}

function allOf(failures: NexusError[]): NexusError | undefined {
  const messages = failures.map(({ message }) => message)
  return failures.length < 2 ? failures[0] : new NexusError('UNREACHABLE', messages.join('; '), { cause: failures[0] })
}

/** The multiaddrs that these texts are. Throws `INVALID`, naming the one that is none. */
export function parseAddresses(field: string, texts: readonly string[]): Multiaddr[] {
  return texts.map((text) => {
    try {
      return multiaddr(text)
    } catch (error) {
      throw new NexusError('INVALID', `${field}: not a multiaddr: ${text}${multiaddrHint(text)}`, { cause: error })
    }
  })
}
