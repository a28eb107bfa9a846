import type { Logger } from '@libp2p/interface'
import * as v from 'valibot'
import { NexusError } from '../../errors.ts'
import { checkPeerId } from '../../identity/keys.ts'
import { checkedText, parseJson } from '../../identity/schema.ts'
import { FairSlots } from '../../lib/fair-slots.ts'
import { reasonOf } from '../../lib/reason-of.ts'
import type { Identity } from '../../types.ts'
import { type Holder, type KeyHolders, LIFE_ANSWER_MS } from '../peers/key-holders.ts'
import type { SystemCalls } from './system-calls.ts'

const TIMEOUT_MS = LIFE_ANSWER_MS + 1_000
/** Questions under way to all relays together: a relay answers 32 system commands of a peer at a time. */
const AT_A_TIME = 16
/** Of two that came within this time of each other to two relays, the smaller number stays. */
const AT_ONCE_MS = 5_000
/** A newcomer waits so long for what other relays say; what they say later counts as well. */
const NEWCOMER_WAITS_MS = 500

const WHOLE = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const QUESTION = v.object({ peer: checkedText(checkPeerId), instance: WHOLE, ageMs: WHOLE })
const ANSWER = v.object({ stays: v.nullish(v.string()) })

export interface HolderExchangeInit {
  holders: KeyHolders
  system: SystemCalls
  /** Connected members. */
  peers: () => Identity[]
  /** Milliseconds that never go back. */
  now: () => number
  log: Logger
}

/** Relays tell each other of whom they let in, so that a key lives once however many relays there are. */
export class HolderExchange {
  readonly #init: HolderExchangeInit
  readonly #slots = new FairSlots(AT_A_TIME)

  constructor(init: HolderExchangeInit) {
    this.#init = init
  }

  /** From now on other relays are asked about whom this one lets in, and answered about those that they let in. */
  serve(): void {
    this.#init.holders.askElsewhere = (peerId, holder) => this.#refusal(peerId, holder)
    this.#init.system.serve('$holder', async (body, from) => {
      // Whoever may ask may put others out.
      if (from.block !== 'relay') {
        throw new NexusError('FORBIDDEN', 'relays alone ask who has a key')
      }

      const { peer, instance, ageMs } = parseJson('$holder', QUESTION, body)
      return { stays: (await this.contest(peer, instance, ageMs)) ?? null }
    })
  }

  /**
   * Another relay has known one with this key for `ageMs`: who stays here in its place, for people. Else the one here is
   * put out, if there is another at all.
   */
  async contest(peerId: string, instance: number, ageMs: number): Promise<string | undefined> {
    const { holders, now } = this.#init
    const holder = holders.get(peerId)

    if (holder === undefined || holder.instance === instance) {
      return undefined
    }

    if (!holders.isComing(peerId, holder) && !(await holders.lives(peerId, holder))) {
      return undefined
    }

    const ownAgeMs = now() - holder.since
    const areAtOnce = Math.abs(ownAgeMs - ageMs) < AT_ONCE_MS

    if (areAtOnce ? holder.instance < instance : ownAgeMs > ageMs) {
      return holders.who(peerId)
    }

    holders.putOut(peerId, holder)
    return undefined
  }

  /** Who stays elsewhere in the place of a newcomer. When that is heard late, the newcomer is put out then. */
  async #refusal(peerId: string, holder: Holder): Promise<string | undefined> {
    const { holders } = this.#init
    const { promise: late, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => resolve(undefined), NEWCOMER_WAITS_MS)
    const asking = this.#ask(peerId, holder)
    const who = await Promise.race([asking, late])
    clearTimeout(timer)

    if (who !== undefined) {
      holders.forget(peerId, holder)
    } else {
      void asking.then((stays) => (stays === undefined ? undefined : this.#putOut(peerId, holder)))
    }
    return who
  }

  async #putOut(peerId: string, holder: Holder): Promise<void> {
    // What was let in a moment ago has no connection yet.
    await this.#init.holders.lives(peerId, holder)
    this.#init.holders.putOut(peerId, holder)
  }

  async #ask(peerId: string, holder: Holder): Promise<string | undefined> {
    const { peers, log } = this.#init
    const relays = peers().filter(({ block, peerId: relay }) => block === 'relay' && relay !== peerId)
    const answers = relays.map(({ peerId: relay }) =>
      this.#slots.run(relay, () => this.#askRelay(relay, peerId, holder))
    )

    return Promise.any(answers).catch((error: AggregateError) => {
      log('nobody else has the key %s, as other relays say: %o', peerId, error.errors.map(reasonOf))
      return undefined
    })
  }

  async #askRelay(relay: string, peer: string, { instance, since }: Holder): Promise<string> {
    const { system, now } = this.#init
    const question = { peer, instance, ageMs: Math.round(now() - since) }
    const answer = await system.call(relay, '$holder', question, { timeoutMs: TIMEOUT_MS })
    return parseJson('$holder', ANSWER, answer).stays ?? Promise.reject(new Error('nobody else stays there'))
  }
}
