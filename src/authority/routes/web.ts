import type { Context, MiddlewareHandler } from 'hono'
import * as v from 'valibot'
import type { RateLimits } from '../rate-limits.ts'
import { Refusal, refusalOf } from '../refusal.ts'
import type { Trail, TrailLog } from '../trail.ts'
import { checkOwnOrigin } from './own-origin.ts'

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
    checkOwnOrigin(c.req.raw, [origin])
    await next()
  }
}

export const noStore: MiddlewareHandler<Web> = async (c, next) => {
  await next()
  c.header('cache-control', 'no-store')
  c.header('x-content-type-options', 'nosniff')
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
