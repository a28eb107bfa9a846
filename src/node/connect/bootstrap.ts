import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { NexusError } from '../../errors.ts'
import { BootstrapPeer, type BootstrapPeerInit, type BootstrapPeerState } from './bootstrap-peer.ts'

export interface BootstrapInit extends Omit<BootstrapPeerInit, 'address' | 'onChange'> {
  addresses: Multiaddr[]
  /** Told when an entrance was opened or lost, with how all of them stand. */
  onChange?: (entrances: BootstrapPeerState[]) => void
}

/** Keeps this block connected to its relays, and its reservations there alive, for as long as it runs. */
export class Bootstrap {
  readonly #init: BootstrapInit
  readonly #entrances: BootstrapPeer[]
  readonly #waiting = new Set<() => void>()
  #running: Array<Promise<void>> = []

  constructor(init: BootstrapInit) {
    const onChange = (): void => {
      init.onChange?.(this.#entrances.map(({ state }) => state))
      this.#settle()
    }
    this.#init = init
    this.#entrances = init.addresses.map((address) => new BootstrapPeer({ ...init, address, onChange }))
  }

  /**
   * Starts to connect. Resolves when the first relay is connected; rejects with `REFUSED` or `UNREACHABLE` when the
   * first try at each has failed. Either way it goes on trying until `stop`.
   */
  async start(): Promise<void> {
    const entrances = this.#entrances

    if (entrances.length === 0) {
      return
    }

    this.#init.libp2p.addEventListener('peer:disconnect', this.#check)
    const firsts = entrances.map(() => Promise.withResolvers<void>())
    this.#running = entrances.map((entrance, index) => entrance.run(firsts[index]!))

    try {
      await Promise.any(firsts.map(({ promise }) => promise))
    } catch (error) {
      const failures = (error as AggregateError).errors as NexusError[]
      throw failures.find(({ code }) => code === 'REFUSED') ?? failures[0]
    }
  }

  /** Resolves once an entrance is open and answers, at once when there are none; and when the signal aborts. */
  async joined(signal: AbortSignal): Promise<void> {
    if (this.#isIn || signal.aborted) {
      return
    }

    await new Promise<void>((resolve) => {
      const end = (): void => {
        this.#waiting.delete(end)
        signal.removeEventListener('abort', end)
        resolve()
      }
      this.#waiting.add(end)
      signal.addEventListener('abort', end)
    })
  }

  /** The device woke up, or has another network: what is open must answer, and what is not is tried at once. */
  async recheck(): Promise<void> {
    await Promise.all(this.#entrances.map((entrance) => entrance.recheck()))
  }

  async stop(): Promise<void> {
    this.#init.libp2p.removeEventListener('peer:disconnect', this.#check)

    for (const entrance of this.#entrances) {
      entrance.stop()
    }

    await Promise.all(this.#running)
  }

  get #isIn(): boolean {
    return this.#entrances.length === 0 || this.#entrances.some(({ state }) => state.connected && !state.doubtful)
  }

  #settle(): void {
    if (this.#isIn) {
      for (const end of [...this.#waiting]) {
        end()
      }
    }
  }

  readonly #check = (): void => {
    for (const entrance of this.#entrances) {
      entrance.check()
    }
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
