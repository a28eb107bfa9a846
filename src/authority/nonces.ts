import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Refusal } from './refusal.ts'

/** From the question for a nonce to its use. */
const LIFETIME_MS = 2 * 60_000
/** Nonces that are used in one lifetime. */
const MAX_USED = 100_000
const RANDOM_BYTES = 16
const TIME_BYTES = 6
const TAG_BYTES = 16
const LENGTH = RANDOM_BYTES + TIME_BYTES + TAG_BYTES

/**
 * Nonces that are known by their own tag: asking for them costs no memory, only using them does. The key is this
 * process's own, so a restart voids all.
 */
export class Nonces {
  readonly #now: () => number
  readonly #key = randomBytes(32)
  /** Those used since the last turn, and those used in the turn before: a turn is as long as a nonce holds. */
  #used = new Set<string>()
  #usedBefore = new Set<string>()
  #turnedAt: number

  /** `now`: milliseconds that never go back. */
  constructor(now: () => number) {
    this.#now = now
    this.#turnedAt = now()
  }

  create(): { nonce: string; validForMs: number } {
    const time = Buffer.alloc(TIME_BYTES)
    time.writeUIntBE(Math.floor(this.#now()) + LIFETIME_MS, 0, TIME_BYTES)
    const body = Buffer.concat([randomBytes(RANDOM_BYTES), time])
    return { nonce: Buffer.concat([body, this.#tag(body)]).toString('base64url'), validForMs: LIFETIME_MS }
  }

  /** Uses it up. Throws `BAD_NONCE`, `USED`; `RATE_LIMITED` when too many were used. */
  use(nonce: string | undefined): void {
    const bytes = Buffer.from(nonce ?? '', 'base64url')
    const body = bytes.subarray(0, RANDOM_BYTES + TIME_BYTES)
    const isOurs = bytes.length === LENGTH && timingSafeEqual(bytes.subarray(body.length), this.#tag(body))

    // One nonce has one text.
    if (!isOurs || bytes.toString('base64url') !== nonce || body.readUIntBE(RANDOM_BYTES, TIME_BYTES) <= this.#now()) {
      throw new Refusal('BAD_NONCE', 'the nonce is none of this service, or has ended: ask GET /nonce for another')
    }

    this.#turn()

    if (this.#used.has(nonce) || this.#usedBefore.has(nonce)) {
      throw new Refusal('USED', 'the nonce was used before: ask GET /nonce for another')
    }

    if (this.#used.size >= MAX_USED) {
      throw new Refusal('RATE_LIMITED', 'too many requests at a time: try again in some minutes')
    }

    this.#used.add(nonce)
  }

  #tag(body: Buffer): Buffer {
    return createHmac('sha256', this.#key).update(body).digest().subarray(0, TAG_BYTES)
  }

  #turn(): void {
    const now = this.#now()

    if (now - this.#turnedAt >= LIFETIME_MS) {
      this.#usedBefore = this.#used
      this.#used = new Set()
      this.#turnedAt = now
    }
  }
}
