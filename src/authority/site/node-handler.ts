import type { IncomingMessage, ServerResponse } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import type { CertificateRoute } from './certificate-route.ts'

/**
 * The route as Express and `node:http` call it. What a parser of bodies before it has read is used.
 *
 * @example
 * ```ts
 * import { createServer } from 'node:http'
 * import { certificateRoute, nodeHandler } from 'nexus-mesh/server'
 *
 * const authenticate = () => ({ app: 'shop', uid: 'carl', role: 'user' }) as const
 * const handler = nodeHandler(certificateRoute({ authority, origin: 'http://localhost:8080', bootstrap: ['/dns4/relay.example.org/tcp/443/wss'], authenticate }))
 * createServer(handler).listen(8080)
 * ```
 */
export function nodeHandler(
  route: CertificateRoute
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const listener = getRequestListener((request) => route(request), { overrideGlobalObjects: false })
  return (request, response) => listener(withParsedBody(request), response)
}

function withParsedBody(request: IncomingMessage & { body?: unknown; rawBody?: Buffer }): IncomingMessage {
  if (request.readableEnded && request.body !== undefined) {
    request.rawBody ??= Buffer.from(JSON.stringify(request.body))
  }

  return request
}
