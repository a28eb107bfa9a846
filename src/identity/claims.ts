import { CERTIFICATE_BACKDATE_S, CLOCK_LEEWAY_S } from '../constants.ts'
import { NexusError } from '../errors.ts'
import type { Claims, UncheckedJws } from './jws.ts'
import { refused } from './refused.ts'

/** The latest moment that a JavaScript `Date` can hold, in seconds. */
const LAST_SECOND = 8_640_000_000_000
const MAX_ID_LENGTH = 128

/** When a statement was made and holds, in ms since 1970. */
export interface Validity {
  issuedAt: number
  notBefore: number
  expiresAt: number
}

/** What every statement carries besides its subject. */
export interface Terms {
  /** When it is made, in ms since 1970. */
  issuedAt: number
  /** How long it holds, in ms; whole seconds are rounded up to. */
  validForMs: number
  /** Its `jti`: 1-128 characters, never used twice. */
  id: string
}

/** The `iss` of what the network's authority signs. */
export function authorityName(network: string): string {
  return `authority@${network}`
}

/** The claims `iat, nbf, exp, jti` (RFC 7519). Throws `INVALID`. */
export function termsClaims({ issuedAt, validForMs, id }: Terms): Claims {
  const iat = toSeconds(issuedAt)
  if (!Number.isFinite(validForMs) || validForMs <= 0) {
    throw new NexusError('INVALID', `bad validForMs: ${validForMs}`)
  }
  checkId(id)
  return { iat, nbf: Math.max(0, iat - CERTIFICATE_BACKDATE_S), exp: iat + Math.ceil(validForMs / 1000), jti: id }
}

/** `value` when it is a `jti`, 1-128 characters; else throws `INVALID`. */
export function checkId(value: unknown): string {
  if (typeof value !== 'string' || value.length === 0 || value.length > MAX_ID_LENGTH) {
    throw new NexusError('INVALID', `bad id: 1-${MAX_ID_LENGTH} characters`)
  }
  return value
}

/** Whole seconds since 1970 of a moment in ms. Throws `INVALID`. */
export function toSeconds(moment: number): number {
  const seconds = Math.floor(moment / 1000)
  if (!isSecond(seconds)) {
    throw new NexusError('INVALID', `bad moment: ${moment}`)
  }
  return seconds
}

/** Whether a value is a whole number of seconds since 1970 that a date can hold. */
export function isSecond(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= LAST_SECOND
}

/** Throws `NOT_YET_VALID` or `EXPIRED`, with 60 s of leeway both ways. */
export function checkValidity(noun: string, { notBefore, expiresAt }: Validity, now: number): void {
  if (now < notBefore - CLOCK_LEEWAY_S * 1000) {
    throw refused('NOT_YET_VALID', `the ${noun} holds from ${new Date(notBefore).toISOString()}`)
  }
  if (now >= expiresAt + CLOCK_LEEWAY_S * 1000) {
    throw refused('EXPIRED', `the ${noun} ended at ${new Date(expiresAt).toISOString()}`)
  }
}

/** Reads claims one by one; every claim that is missing or of the wrong type is `BAD_CLAIM`. */
export class ClaimReader {
  readonly #noun: string
  readonly #claims: Claims

  constructor({ kind, claims }: UncheckedJws) {
    this.#noun = kind.noun
    this.#claims = claims
  }

  text(name: string): string {
    const value = this.#claims[name]
    return typeof value === 'string' ? value : this.#bad(name)
  }

  /** The same for a claim that may be missing. */
  optionalText(name: string): string | undefined {
    return this.#claims[name] === undefined ? undefined : this.text(name)
  }

  second(name: string): number {
    const value = this.#claims[name]
    return isSecond(value) ? value : this.#bad(name)
  }

  /** A number that counts up from 1. */
  version(name: string): number {
    const value = this.#claims[name]
    return Number.isSafeInteger(value) && (value as number) > 0 ? (value as number) : this.#bad(name)
  }

  /** The same for a claim that may be missing. */
  optionalVersion(name: string): number | undefined {
    return this.#claims[name] === undefined ? undefined : this.version(name)
  }

  /** The same from 0. */
  count(name: string): number {
    return this.#claims[name] === 0 ? 0 : this.version(name)
  }

  object(name: string): Claims {
    const value = this.#claims[name]
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Claims) : this.#bad(name)
  }

  id(): string {
    const id = this.text('jti')
    return id.length > 0 && id.length <= MAX_ID_LENGTH ? id : this.#bad('jti')
  }

  /** What `check` gives for the claim (`inside` another one); what it throws becomes `BAD_CLAIM`. */
  checked<T>(name: string, check: (value: unknown) => T, inside?: string): T {
    const claims = inside === undefined ? this.#claims : this.object(inside)
    try {
      return check(claims[name])
    } catch (cause) {
      return this.#bad(inside === undefined ? name : `${inside}.${name}`, cause)
    }
  }

  /** The claim must have this value. */
  equals(name: string, expected: string): void {
    if (this.text(name) !== expected) {
      throw refused('BAD_CLAIM', `claim ${name} of the ${this.#noun} is not ${expected}`)
    }
  }

  /** `aud` must be this network, else `WRONG_NETWORK`. */
  network(expected: string): void {
    if (this.text('aud') !== expected) {
      throw refused('WRONG_NETWORK', `the ${this.#noun} is not of the network ${expected}`)
    }
  }

  validity(): Validity {
    const [iat, nbf, exp] = [this.second('iat'), this.second('nbf'), this.second('exp')]
    return { issuedAt: iat * 1000, notBefore: nbf * 1000, expiresAt: exp * 1000 }
  }

  #bad(name: string, cause?: unknown): never {
    throw refused('BAD_CLAIM', `claim ${name} of the ${this.#noun} is missing or malformed`, cause)
  }
}
