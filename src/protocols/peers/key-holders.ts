import { LruCache } from '../../lib/lru-cache.ts'

/** How long the block that is there has to show that it lives. */
export const LIFE_ANSWER_MS = 2_000
/** An answer stands for so long: whoever starts often does not have it asked as often. */
const ANSWER_STANDS_MS = 1_000
/** A block that was replaced, and lives, comes back as the first one within this time. */
const COMES_BACK_MS = 60_000
const MAX_KEYS = 100_000

export interface KeyHoldersInit {
  /** This block's own key, and the number of this start. */
  self: { peerId: string; instance: number }
  /** Who is there with a key, for people: `undefined` when nobody is connected. */
  describe: (peerId: string) => string | undefined
  /** Whether a connection to the key is open, or opens before the time is over. */
  whenOpen: (peerId: string, timeoutMs: number) => Promise<boolean>
  /** Whether who is connected with the key answers in that time. */
  answers: (peerId: string, timeoutMs: number) => Promise<boolean>
  /** Ends the connections to a key. */
  cut: (peerId: string) => void
  /** Milliseconds that never go back. */
  now: () => number
}

/** Gives who else has a key that one was let in with, and stays, for people. */
export type AskElsewhere = (peerId: string, holder: Holder) => Promise<string | undefined>

/** One start of a block, as this member has seen it. */
interface Start {
  instance: number
  /** When it was let in first. */
  since: number
}

export interface Holder extends Start {
  /** When it was let in last: its connection may still be about to open. */
  admittedAt: number
  /** When it has answered last. */
  answeredAt?: number
  /** The one that was there before it, as long as that may come back. */
  before?: Start & { until: number }
}

/**
 * Which start of a block each key belongs to, as far as this member sees: one key lives once (docs/PROTOCOL.md, "One key
 * once"). The one that is there stays while it lives, however often others come.
 */
export class KeyHolders {
  readonly #init: KeyHoldersInit
  readonly #holders = new LruCache<string, Holder>({ max: MAX_KEYS })
  readonly #asking = new Map<string, Promise<boolean>>()
  /** Who else is asked about a newcomer. Default nobody. */
  askElsewhere: AskElsewhere | undefined

  constructor(init: KeyHoldersInit) {
    this.#init = init
  }

  /** Takes up who comes with a key, unless another has it and stays: then it gives who that is, for people. */
  async claim(peerId: string, instance: number | undefined): Promise<string | undefined> {
    const { self } = this.#init

    if (peerId === self.peerId) {
      return instance === self.instance ? undefined : 'this very block'
    }

    if (instance === undefined) {
      return undefined
    }

    if (await this.#isTaken(peerId, instance)) {
      return this.who(peerId)
    }

    const newcomer = this.#admit(peerId, instance)
    return newcomer && this.askElsewhere?.(peerId, newcomer)
  }

  /** The one that has a key. */
  get(peerId: string): Holder | undefined {
    return this.#holders.get(peerId)
  }

  /** Who is connected with a key, for people. */
  who(peerId: string): string {
    return this.#init.describe(peerId) ?? 'another block'
  }

  /** Whether the one that has a key answers. All who ask at the same time wait for one answer. */
  async lives(peerId: string, holder: Holder): Promise<boolean> {
    const { now, describe } = this.#init
    const { answeredAt = Number.NEGATIVE_INFINITY } = holder

    if (now() - answeredAt < ANSWER_STANDS_MS && describe(peerId) !== undefined) {
      return true
    }

    const asking = this.#asking.get(peerId) ?? this.#ask(peerId, holder).finally(() => this.#asking.delete(peerId))
    this.#asking.set(peerId, asking)
    return asking
  }

  /** Whether it is connected, or opens a connection soon. */
  isComing(peerId: string, { admittedAt }: Holder): boolean {
    return this.#init.describe(peerId) === undefined && this.#init.now() - admittedAt < LIFE_ANSWER_MS
  }

  /** Ends the connections of the one that has a key, unless it is another by now. */
  putOut(peerId: string, holder: Holder): void {
    if (this.forget(peerId, holder)) {
      this.#init.cut(peerId)
    }
  }

  /** The key is free, unless another has it by now. */
  forget(peerId: string, holder: Holder): boolean {
    return this.#holders.get(peerId) === holder && this.#holders.delete(peerId)
  }

  async #isTaken(peerId: string, instance: number): Promise<boolean> {
    const holder = this.#holders.get(peerId)

    if (holder === undefined || holder.instance === instance || this.#isBack(holder, instance)) {
      return false
    }

    if (await this.lives(peerId, holder)) {
      return true
    }

    // Somebody else may have come while it was asked.
    return this.#holders.get(peerId) !== holder && this.#isTaken(peerId, instance)
  }

  #isBack({ before }: Holder, instance: number): boolean {
    return before?.instance === instance && this.#init.now() < before.until
  }

  /** Gives the new holder, unless it is the one that was there. */
  #admit(peerId: string, instance: number): Holder | undefined {
    const at = this.#init.now()
    const known = this.#holders.get(peerId)

    if (known?.instance === instance) {
      known.admittedAt = at
      return undefined
    }

    const holder: Holder = { instance, since: at, admittedAt: at }

    if (known !== undefined) {
      const { before } = known
      this.#init.cut(peerId)

      if (before !== undefined && this.#isBack(known, instance)) {
        holder.since = before.since
      } else {
        // Whoever starts again and again does not make it forget the first.
        holder.before = before !== undefined && at < before.until ? before : { ...known, until: at + COMES_BACK_MS }
      }
    }

    this.#holders.set(peerId, holder)
    return holder
  }

  async #ask(peerId: string, holder: Holder): Promise<boolean> {
    const { now, whenOpen, answers } = this.#init
    const opensMs = Math.max(0, holder.admittedAt + LIFE_ANSWER_MS - now())

    if ((await whenOpen(peerId, opensMs)) && (await answers(peerId, LIFE_ANSWER_MS))) {
      holder.answeredAt = now()
      return true
    }

    return false
  }
}
