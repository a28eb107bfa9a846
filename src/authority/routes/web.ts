import type { Context, MiddlewareHandler } from 'hono'
import * as v from 'valibot'
import { NexusError } from '../../errors.ts'
import { parseJson } from '../../identity/schema.ts'
import type { RateLimits } from '../rate-limits.ts'
import { REFUSALS, Refusal, type RefusalCode } from '../refusal.ts'
import type { Trail, TrailLog } from '../trail.ts'

/** A certificate is 8 KiB at most, and so is a request. */
const MAX_BODY_BYTES = 32 * 1024
const JSON_TYPE = /^application\/json(?:\s*;|$)/i

export interface Web {
  Bindings: {
    /** The address that the request came from. */
    source?: string
  }
  Variables: { trail: Trail }
}

export type WebContext = Context<Web>

/** What every request goes through first: headers, limits, and a page of another site. */
export function guard({ origin, limits }: { origin: string; limits: RateLimits }): MiddlewareHandler<Web> {
  return async (c, next) => {
    const source = c.env?.source ?? 'unknown'
    c.set('trail', { source, actor: '-', action: `${c.req.method} ${c.req.path}`, detail: {} })
    limits.countRequest(source)
    const sent = c.req.header('origin')

    if ((sent !== undefined && sent !== origin) || c.req.header('sec-fetch-site') === 'cross-site') {
      throw new Refusal('CROSS_ORIGIN', `a page of ${sent ?? 'another site'} may not ask here`)
    }

    await next()
  }
}

export const noStore: MiddlewareHandler<Web> = async (c, next) => {
  await next()
  c.header('cache-control', 'no-store')
  c.header('x-content-type-options', 'nosniff')
}

/** The body as the schema has it. Throws `CONTENT_TYPE`, `TOO_LARGE`, `INVALID`. */
export async function bodyOf<S extends v.GenericSchema>(c: WebContext, schema: S): Promise<v.InferOutput<S>> {
  if (!JSON_TYPE.test(c.req.header('content-type') ?? '')) {
    throw new Refusal('CONTENT_TYPE', 'the content-type is application/json')
  }

  return parseJson('body', schema, parse(await textOf(c.req.raw)))
}

async function textOf(request: Request): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0

  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength
    if (bytes > MAX_BODY_BYTES) {
      throw new Refusal('TOO_LARGE', `the body is larger than ${MAX_BODY_BYTES} bytes`)
    }
    chunks.push(chunk)
  }

  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Refusal('INVALID', 'the body is no JSON')
  }
}

/** What a number in a query says, within its bounds. Throws `INVALID`. */
export function countIn(c: WebContext, name: string, most: number): number | undefined {
  const text = c.req.query(name)
  const count = v.safeParse(v.pipe(v.string(), v.digits(), v.transform(Number), v.maxValue(most)), text)

  if (text !== undefined && !count.success) {
    throw new Refusal('INVALID', `${name}: expected a whole number, ${most} at most`)
  }

  return text === undefined ? undefined : Number(text)
}

/** Answers what was thrown, and logs it. */
export function answerError(
  { trails, onError }: { trails: TrailLog; onError: (error: unknown) => void },
  error: unknown,
  c: WebContext
): Response {
  const refusal = refusalOf(error)
  const headers: Record<string, string> = { 'cache-control': 'no-store' }

  if (refusal === undefined) {
    onError(error)
    return c.json({ error: { code: 'FAILED', message: 'the service failed: try again later' } }, 500, headers)
  }

  const { code, reason, message } = refusal
  trails.refused(c.get('trail'), reason ?? code, message)

  if (code === 'RATE_LIMITED') {
    headers['retry-after'] = '10'
  }

  return c.json({ error: { code, reason, message } }, refusal.status, headers)
}

function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof NexusError && error.code in REFUSALS) {
    return new Refusal(error.code as RefusalCode, error.message, error.reason)
  }

  return error instanceof Refusal ? error : undefined
}
