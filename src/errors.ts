/**
 * Every failure that Nexus reports, its number on the wire, and whether the same request may be
 * tried at another worker without the caller's leave.
 */
const CODES = {
  /** Bad arguments, target, body or frame. */
  INVALID: { wire: -400, retryable: false },
  /** A certificate, grant or proof of possession was refused; `reason` says why. */
  REFUSED: { wire: -401, retryable: false },
  /** No answer before the deadline. */
  TIMEOUT: { wire: -408, retryable: false },
  /** A body over the limit. */
  TOO_LARGE: { wire: -413, retryable: false },
  /** The worker sheds load. */
  BUSY: { wire: -429, retryable: true },
  /** This block was stopped. */
  STOPPED: { wire: -498, retryable: false },
  /** The caller's signal aborted it. */
  CANCELLED: { wire: -499, retryable: false },
  /** The worker has no such command, or receives no directs. */
  NO_HANDLER: { wire: -500, retryable: true },
  /** The handler threw. */
  HANDLER_FAILED: { wire: -501, retryable: false },
  /** The handler answered this error on purpose, with a message and data of its own. */
  APPLICATION: { wire: -502, retryable: false },
  /** Nobody serves this app, resource or JID now. */
  NO_WORKER: { wire: -2000, retryable: true },
  /** Found, but the request never reached it. */
  UNREACHABLE: { wire: -2001, retryable: true },
  /** The connection died after the request was handed over: it may have run. */
  LOST: { wire: -2002, retryable: false },
  /** The caller does not have this service, or its block may not do this. */
  FORBIDDEN: { wire: -3000, retryable: false }
} as const satisfies Record<string, { wire: number; retryable: boolean }>

/** The closed list of failure codes. */
export type NexusErrorCode = keyof typeof CODES

/** Their numbers on the wire and on the bridge: never 0. */
export type NexusErrorNumber = (typeof CODES)[NexusErrorCode]['wire']

/** Why a certificate, grant, revocation list or proof of possession was refused. `IN_USE`: another block has its key. */
export const IDENTITY_FAILURES = [
  'NO_CERTIFICATE',
  'TOO_LARGE',
  'BAD_HEADER',
  'BAD_CLAIM',
  'BAD_SIGNATURE',
  'WRONG_NETWORK',
  'WRONG_ROOT',
  'WRONG_ISSUER',
  'WRONG_KEY',
  'EXPIRED',
  'NOT_YET_VALID',
  'REVOKED',
  'IN_USE'
] as const

export type IdentityFailure = (typeof IDENTITY_FAILURES)[number]

export interface NexusErrorInit {
  /** What caused it. Stays in this process; it never travels. */
  cause?: unknown
  /** With `REFUSED`: which check failed. */
  reason?: IdentityFailure
  /** With `APPLICATION`: what goes to the caller beside the message, as JSON of up to 16 KiB. */
  data?: unknown
}

/**
 * By what all copies of this package that one process has loaded know an error: `true` on one that another block told.
 */
const TOLD = Symbol.for('nexus-mesh.told')
const define = (target: object, key: symbol, value: unknown): object => Object.defineProperty(target, key, { value })
const isTold = (error: NexusError): boolean => (error as { [TOLD]?: boolean })[TOLD] === true

/**
 * The one error class of Nexus: switch on `code`, show `message`. What caused it, `cause`, stays in this process.
 * `instanceof NexusError` holds for the errors of every copy of this package that a process has loaded.
 *
 * @example
 * ```ts
 * import { NexusError } from 'nexus-mesh'
 *
 * try {
 *   await nexus.api({ app: 'etest', cmd: 'multiply' })
 * } catch (error) {
 *   if (error instanceof NexusError && error.code === 'NO_WORKER') {
 *     console.log('nobody is there now:', error.message)
 *   }
 * }
 * ```
 */
export class NexusError extends Error {
  override readonly name = 'NexusError'
  readonly code: NexusErrorCode
  readonly reason: IdentityFailure | undefined
  /** With `APPLICATION`: what the handler gave with it. Nothing has checked what it is. */
  readonly data: unknown

  // Untyped, so that the compiler narrows by class as ever, those derived from this one too.
  static {
    define(NexusError.prototype, TOLD, false)
    define(NexusError, Symbol.hasInstance, isInstance)
  }

  constructor(code: NexusErrorCode, message: string, init: NexusErrorInit = {}) {
    super(message, init.cause === undefined ? undefined : { cause: init.cause })
    this.code = code
    this.reason = init.reason
    this.data = init.data
  }

  /** Whether Nexus itself may try the same request at another worker: it is certain not to have run. */
  get retryable(): boolean {
    return CODES[this.code].retryable
  }

  /** The code's number on the wire and on the bridge. */
  get wireCode(): NexusErrorNumber {
    return CODES[this.code].wire
  }
}

function isInstance(this: unknown, value: unknown): boolean {
  return this === NexusError ? TOLD in Object(value) : Function.prototype[Symbol.hasInstance].call(this, value)
}

/** A failure that another block told. */
export function receivedError(code: NexusErrorCode, message: string, data?: unknown): NexusError {
  const error = new NexusError(code, message, { data })
  define(error, TOLD, true)
  return error
}

/** Notes that an error is a copy of another: it came from where that came from. */
export function markCopy(copy: NexusError, original: NexusError): void {
  if (isTold(original)) {
    define(copy, TOLD, true)
  }
}

/**
 * Whether a handler threw this to be its answer. What was answered to the handler itself, and it did not catch, is not
 * meant for its caller.
 */
export function isAnswer(error: unknown): error is NexusError {
  return error instanceof NexusError && error.code === 'APPLICATION' && !isTold(error)
}

const BY_WIRE = new Map<number, NexusErrorCode>(
  Object.entries(CODES).map(([code, { wire }]) => [wire, code as NexusErrorCode])
)

/** The code of a number from the wire; a number of a later version reads as `HANDLER_FAILED`. */
export function codeFromWire(wire: number): NexusErrorCode {
  return BY_WIRE.get(wire) ?? 'HANDLER_FAILED'
}

/** What a call ends with whose caller's signal has aborted. */
export function cancelled(signal: AbortSignal | undefined): NexusError {
  return new NexusError('CANCELLED', 'cancelled by the caller', { cause: signal?.reason })
}

/** What the methods of a block say once it was stopped. */
export function stopped(): NexusError {
  return new NexusError('STOPPED', 'this block was stopped')
}

/** The error itself when it is a `NexusError`, else a new one with `fallback` as code and the error as cause. */
export function toNexusError(error: unknown, fallback: NexusErrorCode, message: string): NexusError {
  return error instanceof NexusError ? error : new NexusError(fallback, message, { cause: error })
}
