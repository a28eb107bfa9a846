import * as v from 'valibot'
import { Authority } from '../../identity/authority.ts'
import { answerFor, type CertificateAnswer, verifyRequest } from '../../identity/enrolment.ts'
import { parseOptions } from '../../lib/parse-options.ts'
import type { Clock } from '../../types.ts'
import type { PageUser } from '../options.ts'
import { Refusal, refusalOf } from '../refusal.ts'
import { jsonBody } from '../routes/json-body.ts'
import { checkOwnOrigin, isOrigin } from '../routes/own-origin.ts'

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

/** Who is logged in at a site. */
export interface SiteUser extends PageUser {
  /** Apps whose service the user has: grants for them come with the certificate. Default none. */
  services?: readonly string[]
}

/** How a site gives certificates to its pages. Checked at once: `INVALID` names the option at fault. */
export interface CertificateRouteOptions {
  /** Whose certificates it gives: it holds the network's root key. */
  authority: Authority
  /**
   * The site as the address bar of its pages shows it: scheme, host and port, `https://shop.example.org`. Several where
   * there are several, like that of a development server before this one. Pages of others are refused.
   */
  origin: string | readonly string[]
  /** Relay addresses for its pages. */
  bootstrap: readonly string[]
  /** Who is logged in; `null` when nobody is. It is given the request without its body. */
  authenticate: (request: Request) => SiteUser | null | Promise<SiteUser | null>
  /** How long a certificate and its grants hold, in ms. Default an hour. */
  validForMs?: number
  /** Told of failures of the route itself, which pages see as status 500. Default: prints them on stderr. */
  onError?: (error: unknown) => void
  /** Default `Date.now`. */
  clock?: Clock
}

/** Answers a request, as servers with a WHATWG handler have it. Never rejects. */
export type CertificateRoute = (request: Request) => Promise<Response>

const isFunction = (value: unknown): boolean => typeof value === 'function'
const origin = v.pipe(
  v.string(),
  v.check((text) => isOrigin(text), 'expected scheme, host and port alone, like https://shop.example.org')
)
const HOUR_MS = 60 * 60_000

const OptionsSchema = v.strictObject({
  authority: v.custom<Authority>((value) => value instanceof Authority, 'expected an Authority'),
  origin: v.union([origin, v.pipe(v.array(origin), v.minLength(1))], 'expected an origin, or a list of some'),
  bootstrap: v.pipe(v.array(v.string()), v.minLength(1, 'expected the address of a relay')),
  authenticate: v.custom<CertificateRouteOptions['authenticate']>(isFunction, 'expected a function'),
  validForMs: v.optional(v.pipe(v.number(), v.minValue(1, 'expected a positive number')), HOUR_MS),
  onError: v.optional(v.custom<(error: unknown) => void>(isFunction, 'expected a function'), () => console.error),
  clock: v.optional(v.custom<Clock>(isFunction, 'expected a function'), () => Date.now)
})
const BodySchema = v.object({ request: v.pipe(v.string(), v.nonEmpty()) })

type Options = v.InferOutput<typeof OptionsSchema>

/**
 * What a site answers `POST /nexus/certificate` with: a certificate for the key of the page, for the user who is logged
 * in (docs/PROTOCOL.md, "Certificates for pages"). It keeps nothing; a site whose certificates are to be counted,
 * listed and revoked runs an authority service (`nexus-mesh/authority`), which has the same route. Throws `INVALID` for
 * a bad option.
 *
 * @example
 * ```ts
 * import { readFileSync } from 'node:fs'
 * import { Authority, certificateRoute } from 'nexus-mesh/server'
 *
 * const route = certificateRoute({
 *   authority: Authority.fromJSON(JSON.parse(readFileSync('.nexus/authority.json', 'utf8'))),
 *   origin: 'https://shop.example.org',
 *   bootstrap: ['/dns4/relay.example.org/tcp/443/tls/ws/p2p/12D3KooWPjceQrSwdWXPyLLeABRXmuqt69Rg3sBYbU1Nft9HyQ6X'],
 *   authenticate: ({ headers }) =>
 *     headers.get('cookie') === 'session=1' ? { app: 'shop', uid: 'carl', role: 'user' } : null
 * })
 * const response = await route(new Request('https://shop.example.org/nexus/certificate', { method: 'POST' }))
 * console.log(response.status, await response.json())
 * ```
 */
export function certificateRoute(options: CertificateRouteOptions): CertificateRoute {
  const resolved = parseOptions(OptionsSchema, options)
  return async (request) => {
    try {
      return Response.json(await answerTo(request, resolved), { headers: HEADERS })
    } catch (error) {
      return failure(error, resolved)
    }
  }
}

async function answerTo(request: Request, options: Options): Promise<CertificateAnswer> {
  const { authority, bootstrap, validForMs, clock, authenticate } = options
  const audience = [options.origin].flat()

  if (request.method !== 'POST') {
    throw new Refusal('NOT_FOUND', `a certificate is asked for by POST, not ${request.method}`)
  }

  checkOwnOrigin(request, audience)
  const { url, headers, method } = request
  const user = await authenticate(new Request(url, { headers, method }))

  if (user === null) {
    throw new Refusal('NOT_LOGGED_IN', 'nobody is logged in')
  }

  const { request: proof } = await jsonBody(request, BodySchema)
  const { peerId } = await verifyRequest(proof, { audience, now: clock(), option: 'origin' })
  const { services = [], block = 'xwebsite', ...who } = user
  const held = services.map(async (app) => ({ grant: await authority.issueGrant({ uid: who.uid, app, validForMs }) }))
  return answerFor(authority, peerId, { ...who, block, bootstrap, validForMs, clock, grants: await Promise.all(held) })
}

function failure(error: unknown, { onError }: Options): Response {
  const refusal = refusalOf(error)

  if (refusal === undefined) {
    onError(error)
    const message = 'the site failed: try again later'
    return Response.json({ error: { code: 'FAILED', message } }, { status: 500, headers: HEADERS })
  }

  const { code, reason, message, status } = refusal
  return Response.json({ error: { code, reason, message } }, { status, headers: HEADERS })
}
