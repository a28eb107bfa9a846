import type { Connection } from '@libp2p/interface'
import type { Multiaddr } from '@multiformats/multiaddr'
import { raceSignal } from 'race-signal'
import { toError } from '../../../lib/to-error.ts'
import { isCircuit, pathOf } from '../addresses.ts'
import type { PeerDialOptions } from './peer-dials.ts'

/** How long the first addresses are alone: what a connection takes on a path across a continent. */
const HEAD_START_MS = 200
/** How much later each of the groups that follow begins. */
const STAGGER_MS = 100

export interface DialRaceInit extends Pick<PeerDialOptions, 'refusal' | 'onFailed' | 'onBetter'> {
  dial: (address: Multiaddr, signal: AbortSignal) => Promise<Connection>
  /** How many more addresses may be under way. */
  room: () => number
  onEnd: () => void
}

/**
 * The addresses of one peer, dialled side by side: a group of them after the other, each a while later than the one
 * before, or as soon as all under way have failed. The first connection wins. After a relayed one direct addresses go on
 * being dialled, for a better path.
 */
export class DialRace {
  readonly #init: DialRaceInit
  readonly #begun = new Set<string>()
  readonly #ending = new AbortController()
  readonly #first = Promise.withResolvers<Connection>()
  readonly #errors: Error[] = []
  #waves: Multiaddr[][] = []
  #waiting = 0
  #underWay = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #isWon = false

  constructor(init: DialRaceInit) {
    this.#init = init
    this.#first.promise.catch(() => undefined)
  }

  /** Whether it may still give a first connection. */
  get isOpen(): boolean {
    return !this.#isWon && !this.#ending.signal.aborted
  }

  /** More groups of addresses; those that were dialled already are not dialled again. */
  add(waves: Multiaddr[][]): void {
    if (this.#ending.signal.aborted) {
      return
    }

    const isStarting = this.#begun.size === 0
    const known = new Set([...this.#begun, ...this.#waves.flat().map(String)])
    this.#waves.push(
      ...waves.map((wave) => wave.filter((address) => !known.has(String(address)))).filter((wave) => wave.length > 0)
    )

    if (isStarting || this.#underWay === 0) {
      this.#beginNext(HEAD_START_MS)
    }
  }

  /** The first connection. When nobody waits for it any more, the race is over. */
  async join(signal: AbortSignal): Promise<Connection> {
    this.#waiting++

    try {
      return await raceSignal(this.#first.promise, signal)
    } finally {
      if (--this.#waiting === 0 && !this.#isWon) {
        this.end(toError(signal.reason ?? new Error('nobody waits for it')))
      }
    }
  }

  /** Gives up all that is under way. */
  end(reason: Error): void {
    if (!this.#ending.signal.aborted) {
      clearTimeout(this.#timer)
      this.#waves = []
      this.#ending.abort(reason)
      this.#first.reject(reason)
      this.#init.onEnd()
    }
  }

  readonly #beginNext = (nextMs: number): void => {
    clearTimeout(this.#timer)
    const wave = this.#waves.shift() ?? []
    const room = Math.max(0, this.#init.room())
    // Circuits take no socket.
    const isDialled = (address: Multiaddr, index: number): boolean => index < room || isCircuit(address)
    const later = wave.filter((address, index) => !isDialled(address, index))

    if (later.length > 0) {
      this.#waves.unshift(later)
    }

    for (const address of wave.filter(isDialled)) {
      void this.#dial(address)
    }

    if (this.#waves.length > 0) {
      this.#timer = setTimeout(() => this.#beginNext(STAGGER_MS), nextMs)
    } else if (this.#underWay === 0) {
      this.end(this.#failure())
    }
  }

  async #dial(address: Multiaddr): Promise<void> {
    this.#begun.add(String(address))
    this.#underWay++

    try {
      const connection = await this.#init.dial(address, this.#ending.signal)
      this.#underWay--
      this.#onConnection(connection)
    } catch (error) {
      this.#underWay--
      this.#onFailed(address, toError(error))
    }
  }

  #onConnection(connection: Connection): void {
    const isRelayed = pathOf(connection) === 'relay'

    if (this.#ending.signal.aborted || (this.#isWon && isRelayed)) {
      connection.close().catch((error) => connection.abort(error))
      return
    }

    if (this.#isWon) {
      this.#init.onBetter(connection)
    }

    this.#isWon = true
    this.#first.resolve(connection)
    this.#waves = this.#waves.map((wave) => wave.filter((address) => !isCircuit(address)))

    if (!isRelayed) {
      this.end(new Error('another address was quicker'))
    } else if (this.#underWay === 0) {
      this.#beginNext(STAGGER_MS)
    }
  }

  #onFailed(address: Multiaddr, error: Error): void {
    if (this.#ending.signal.aborted) {
      return
    }

    const refusal = this.#init.refusal()
    this.#errors.push(error)
    this.#init.onFailed?.(address, error)

    if (refusal !== undefined) {
      this.end(refusal)
    } else if (this.#underWay === 0) {
      this.#beginNext(STAGGER_MS)
    }
  }

  #failure(): Error {
    if (this.#errors.length === 0) {
      return Object.assign(new Error('no address can be dialled'), { name: 'NoValidAddressesError' })
    }

    return this.#errors.length === 1 ? this.#errors[0]! : new AggregateError(this.#errors, 'no address answers')
  }
}
