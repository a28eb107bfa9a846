import { pause } from '../../lib/pause.ts'
import type { SignedMessage } from '../gossip/message-validator.ts'
import type { HistoryClient } from './history-client.ts'
import { type AskedRange, MAX_RANGES } from './history-question.ts'
import type { KeptMessages } from './kept-messages.ts'

/** What is missing may be on its way: it is asked for after this, each subscriber at another time. */
const FIRST_MS = { least: 40, most: 160 }
/** After each round in which nobody had it, the pause is twice as long. */
const PAUSE_MS = { least: 150, most: 450 }
/** Rounds without success, after which only a new gap makes it ask again. */
const MAX_ROUNDS = 4
/** Other subscribers asked in one round. */
const MAX_NEIGHBOURS = 3
const MAX_NEWCOMERS = 8
const ASK_TIMEOUT_MS = 5_000
/** Answers of one peer to one question that goes on. */
const MAX_ANSWERS = 1_000

export interface RepairInit {
  topic: string
  client: HistoryClient
  kept: KeptMessages
  /** Connected peers that may have a sender's messages: the sender itself and relays, and other subscribers. */
  keepers: (senders: ReadonlySet<string>) => { first: string[]; others: string[] }
  /** What is missing now. */
  missing: () => AskedRange[]
  /** Where the senders that are known go on: ranges without an end. */
  toCome: () => AskedRange[]
  /** Takes a message; resolves when it counts. */
  take: (message: SignedMessage) => Promise<void>
  /** From 0 to below 1. Default `Math.random`. */
  random?: () => number
}

/**
 * Asks for what a channel misses: the sender and the relays, in an order of its own, then other subscribers, until
 * nothing is missing or nobody has it.
 */
export class Repair {
  readonly #init: RepairInit
  readonly #stopping = new AbortController()
  #isRunning = false
  #isNoticed = false
  /** Peers that have come, and may have what came while there was nobody. */
  #newcomers: string[] = []

  constructor(init: RepairInit) {
    this.#init = init
  }

  get topic(): string {
    return this.#init.topic
  }

  /** Something is missing, or a peer has come that may know more. */
  notice(newcomer?: string): void {
    if (newcomer === undefined) {
      this.#isNoticed = true
    } else if (this.#newcomers.length < MAX_NEWCOMERS && this.#init.toCome().length > 0) {
      this.#newcomers.push(newcomer)
    } else {
      return
    }

    if (!this.#isRunning) {
      this.#isRunning = true
      void this.#run().finally(() => {
        this.#isRunning = false
      })
    }
  }

  stop(): void {
    this.#stopping.abort()
  }

  /** Asks one peer for what these are, as long as it has more. Gives how many messages came. Never rejects. */
  async #ask(peerId: string, ranges: () => AskedRange[]): Promise<number> {
    let found = 0
    let before = ''

    for (let answers = 0; answers < MAX_ANSWERS && ranges().length > 0; answers++) {
      const asked = ranges().slice(0, MAX_RANGES)
      const state = asked.map(({ start, end }) => `${start} ${end}`).join()

      // Nothing came of the last answer, whatever was in it.
      if (state === before) {
        break
      }
      before = state
      const { client, topic, kept, take } = this.#init
      const question = { topic, ranges: asked, isFinal: false }
      const options = { timeoutMs: ASK_TIMEOUT_MS, signal: this.#stopping.signal }
      const answer = await client.ask(peerId, question, options)

      for (const proven of answer?.messages ?? []) {
        kept.add(proven.kept)
        await take(proven.message)
      }
      found += answer?.messages.length ?? 0

      if (answer?.more !== true || this.#stopping.signal.aborted) {
        break
      }
    }
    return found
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    await pause(this.#between(FIRST_MS), signal)

    for (let peer = this.#newcomers.shift(); peer !== undefined; peer = this.#newcomers.shift()) {
      await this.#ask(peer, this.#init.toCome)
    }

    for (let round = 0; round < MAX_ROUNDS && this.#init.missing().length > 0 && !signal.aborted; round++) {
      this.#isNoticed = false
      const found = await this.#askRound()

      if (this.#init.missing().length > 0) {
        await pause(this.#between(PAUSE_MS) * 2 ** round, signal)
      }

      if (found > 0 || this.#isNoticed) {
        round = -1
      }
    }
  }

  async #askRound(): Promise<number> {
    const { missing, keepers, client } = this.#init
    const { first, others } = keepers(new Set(missing().map(({ sender }) => sender)))
    const peers = [...this.#shuffled(first), ...this.#shuffled(others).slice(0, MAX_NEIGHBOURS)]
    let found = 0

    for (const peerId of peers.filter((peer) => client.mayAsk(peer))) {
      if (missing().length === 0 || this.#stopping.signal.aborted) {
        break
      }
      found += await this.#ask(peerId, missing)
    }
    return found
  }

  #between({ least, most }: { least: number; most: number }): number {
    return least + (most - least) * this.#random()
  }

  #shuffled(peers: string[]): string[] {
    const drawn = peers.map((peer) => ({ peer, at: this.#random() }))
    return drawn.sort((one, other) => one.at - other.at).map(({ peer }) => peer)
  }

  #random(): number {
    return (this.#init.random ?? Math.random)()
  }
}
