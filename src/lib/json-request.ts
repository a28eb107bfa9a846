import { NexusError } from '../errors.ts'
import { reasonOf } from './reason-of.ts'

/** How long an answer may take, its body included. */
const TIMEOUT_MS = 10_000

export interface JsonRequest {
  url: URL
  method: string
  /** Sent as JSON. Default: none. */
  body?: object
  headers?: Record<string, string>
  /** As `fetch` has it. */
  credentials?: RequestCredentials
  /** What a server that does not answer fails to do, for the message: `gives no certificate`. */
  failure: string
}

export interface JsonAnswer {
  status: number
  /** `undefined` when the body was no JSON. */
  body: unknown
  /** The message of `{ error: { message } }`, else the status as text. */
  message: string
  /** The code of `{ error: { code } }`. */
  code: string | undefined
  /** The reason of `{ error: { reason } }`. */
  reason: string | undefined
}

/** Asks a server over HTTP, 10 s at most. Rejects with `UNREACHABLE` when it gives no answer of any kind. */
export async function requestJson({ url, body, headers, failure, ...init }: JsonRequest): Promise<JsonAnswer> {
  try {
    const response = await fetch(url, {
      ...init,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(TIMEOUT_MS)
    })
    return answerOf(response, parse(await response.text()))
  } catch (error) {
    throw new NexusError('UNREACHABLE', `${url.href} ${failure}: ${reasonOf(error)}`, { cause: error })
  }
}

function answerOf({ status, statusText }: Response, body: unknown): JsonAnswer {
  const said = ((body as { error?: unknown } | undefined | null)?.error ?? {}) as Record<string, unknown>
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  const message = text(said.message) ?? (statusText === '' ? `status ${status}` : statusText)
  return { status, body, message, code: text(said.code), reason: text(said.reason) }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
