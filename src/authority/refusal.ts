import { type IdentityFailure, NexusError } from '../errors.ts'

/** Every way in which the service refuses, and its HTTP status. Clients go by the code; the words are for people. */
export const REFUSALS = {
  /** A body that is no JSON, a field that is missing or of the wrong type, a bad name. */
  INVALID: 400,
  /** The proof, or the certificate shown, does not hold; `reason` says why. */
  REFUSED: 401,
  /** No nonce of this service, or one that has ended: ask for another. */
  BAD_NONCE: 401,
  /** The nonce, or the id of a page's request, was used before. */
  USED: 401,
  BAD_SECRET: 401,
  SECRET_EXPIRED: 401,
  SECRET_REVOKED: 401,
  /** An admin call without a token that holds. */
  BAD_TOKEN: 401,
  /** A page whose user is not logged in. */
  NOT_LOGGED_IN: 401,
  /** The user is no owner or partner of the app, or the certificate is none of this service's. */
  FORBIDDEN: 403,
  /** The peer, user, app or certificate is revoked and not let in again. */
  REVOKED: 403,
  /** A page of another site asks. */
  CROSS_ORIGIN: 403,
  NOT_FOUND: 404,
  /** What is to be made is there already, with other terms. */
  CONFLICT: 409,
  /** The user has as many live keys as it may. */
  TOO_MANY_KEYS: 409,
  TOO_LARGE: 413,
  /** The body is not `application/json`. */
  CONTENT_TYPE: 415,
  RATE_LIMITED: 429
} as const

export type RefusalCode = keyof typeof REFUSALS

/** Why the service does not do what it is asked. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: RefusalCode
  readonly reason: IdentityFailure | undefined

  constructor(code: RefusalCode, message: string, reason?: IdentityFailure) {
    super(message)
    this.code = code
    this.reason = reason
  }

  get status(): (typeof REFUSALS)[RefusalCode] {
    return REFUSALS[this.code]
  }
}

/** The refusal that an error is; `undefined` when the service itself failed. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof NexusError && error.code in REFUSALS) {
    return new Refusal(error.code as RefusalCode, error.message, error.reason)
  }

  return error instanceof Refusal ? error : undefined
}
