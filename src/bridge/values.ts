import { NexusError, type NexusErrorNumber, toNexusError } from '../errors.ts'
import type { Json } from '../types.ts'

/** A failure as a value. A timeout has `error` too. */
export interface Failure {
  /** The number of `NexusError.code`, never 0: a comparison with 0 tells an answer of Nexus from a failure. */
  code: NexusErrorNumber
  msg: string
  error?: 'timeout'
  /** What a handler gave with an error that it answered on purpose (code -502). */
  data?: unknown
}

export const DONE: { code: 0 } = { code: 0 }

/** What the work gives, or its failure as a value. */
export async function asValue<T>(work: () => T | Promise<T>): Promise<T | Failure> {
  try {
    return await work()
  } catch (error) {
    return failureOf(error)
  }
}

export function failureOf(error: unknown): Failure {
  const { code, wireCode, message, data } = toNexusError(error, 'HANDLER_FAILED', 'the call failed')
  const timeout = code === 'TIMEOUT' ? { error: 'timeout' as const } : {}
  return { code: wireCode, msg: message, ...timeout, ...(data === undefined ? {} : { data }) }
}

/** The body of a message: an object or an array; none is an empty object. Throws `INVALID`. */
export function checkBody(body: unknown): Json {
  if (body === undefined || body === null) {
    return {}
  }

  if (typeof body !== 'object' || body instanceof Uint8Array) {
    throw new NexusError('INVALID', `a body is an object or an array, not ${typeof body}`)
  }

  return body as Json
}
