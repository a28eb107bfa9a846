import { NexusError } from '../errors.ts'
import { anyOf } from './abort.ts'
import { reasonOf } from './reason-of.ts'

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
  /** How long the answer may take, its body included. Default 10,000. */
  timeoutMs?: number
  signal?: AbortSignal
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

/** Asks a server over HTTP. Rejects with `UNREACHABLE` when it gives no answer of any kind, or the signal aborts. */
export async function requestJson(request: JsonRequest): Promise<JsonAnswer> {
  const { url, body, headers, failure, timeoutMs = TIMEOUT_MS, signal, ...init } = request
  const deadline = AbortSignal.timeout(timeoutMs)

  try {
    const response = await fetch(url, {
      ...init,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal === undefined ? deadline : anyOf([signal, deadline])
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
