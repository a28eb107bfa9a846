import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createAdaptorServer, type HttpBindings } from '@hono/node-server'
import { NexusError } from '../errors.ts'
import { reasonOf } from '../lib/reason-of.ts'
import type { AuthorityServiceOptions } from './options.ts'
import { type AuthorityService, createAuthority } from './service.ts'

/** A request is whole, headers and body, within this time. */
const REQUEST_TIMEOUT_MS = 10_000
const MAX_CONNECTIONS = 2_000
/** How long requests that are under way may take when the server closes. */
const CLOSE_GRACE_MS = 3_000
const CLOSE_IDLE_MS = 20

export interface ServeAuthorityOptions extends Omit<AuthorityServiceOptions, 'origin'> {
  /** Default: where it listens. */
  origin?: string
  /** Default `127.0.0.1`. */
  host?: string
  /** Default 0, a free one. */
  port?: number
  /** The source of a request is what a proxy before it added last to `x-forwarded-for`. Default `false`. */
  trustProxy?: boolean
}

/** An authority service that listens. */
export interface ServedAuthority {
  service: AuthorityService
  /** Where clients reach it. */
  origin: string
  address: { host: string; port: number }
  /** Takes no more requests, answers those that are under way (3 s at most), and closes the database. */
  close: () => Promise<void>
}

/**
 * Makes an authority service and listens for HTTP. It has no TLS: put a proxy before it that has. Rejects with
 * `INVALID` as `createAuthority` does, and for an address that cannot be listened on.
 *
 * @example
 * ```ts
 * import { serveAuthority } from 'nexus-mesh/authority'
 *
 * const { origin, close } = await serveAuthority({ authority, database: 'authority.db', port: 9800 })
 * console.log(origin)
 * await close()
 * ```
 */
export async function serveAuthority(options: ServeAuthorityOptions): Promise<ServedAuthority> {
  const { host = '127.0.0.1', port = 0, trustProxy = false, ...others } = options
  const made = Promise.withResolvers<AuthorityService>()
  made.promise.catch(() => undefined)
  const server = createAdaptorServer({
    overrideGlobalObjects: false,
    fetch: async (request, env) => {
      const service = await made.promise
      return service.fetch(request, { source: sourceOf(request, env as HttpBindings, trustProxy) })
    }
  }) as Server
  Object.assign(server, { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS })
  server.maxConnections = MAX_CONNECTIONS
  const address = await listen(server, host, port)
  const origin =
    others.origin ?? `http://${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`

  try {
    const service = await createAuthority({ ...others, origin })
    made.resolve(service)
    return { service, origin, address, close: () => close(server, service) }
  } catch (error) {
    made.reject(error)
    server.close()
    server.closeAllConnections()
    throw error
  }
}

async function listen(server: Server, host: string, port: number): Promise<{ host: string; port: number }> {
  server.listen(port, host)

  try {
    await once(server, 'listening')
  } catch (error) {
    throw new NexusError('INVALID', `${host}:${port} cannot be listened on: ${reasonOf(error)}`, { cause: error })
  }

  const { address, port: taken } = server.address() as AddressInfo
  return { host: address, port: taken }
}

async function close(server: Server, service: AuthorityService): Promise<void> {
  const closed = server.listening ? once(server, 'close') : undefined
  server.close()
  service.endWaiting()
  // A connection whose last request has been answered would stay open for the next one.
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS)
  const grace = setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  await closed
  clearInterval(idle)
  clearTimeout(grace)
  service.close()
}

function sourceOf(request: Request, { incoming }: HttpBindings, trustProxy: boolean): string {
  const forwarded = trustProxy ? request.headers.get('x-forwarded-for')?.split(',').at(-1)?.trim() : undefined
  return forwarded || (incoming.socket.remoteAddress ?? 'unknown')
}
