import { Hono } from 'hono'
import { now } from '../lib/now.ts'
import { Enrolment } from './enrolment.ts'
import { Issuer } from './issuer.ts'
import { Nonces } from './nonces.ts'
import { type AuthorityServiceOptions, type ResolvedAuthorityOptions, resolveAuthorityOptions } from './options.ts'
import { RateLimits } from './rate-limits.ts'
import { Refusal } from './refusal.ts'
import { Revocation } from './revocation.ts'
import { addAdminRoutes } from './routes/admin.ts'
import { addConsole } from './routes/console.ts'
import { addPublicRoutes } from './routes/public.ts'
import { answerError, guard, noStore, type Web } from './routes/web.ts'
import { openStore, type Store } from './store/store.ts'
import { TrailLog } from './trail.ts'

/** An authority service: answers requests, and listens nowhere by itself. */
export interface AuthorityService {
  /**
   * Answers a request, as servers with a WHATWG handler have it (Hono, Next.js, Deno). `source` is the address that it
   * came from, by which rates are limited; without it all are one source. Never rejects.
   */
  fetch: (request: Request, from?: { source?: string }) => Promise<Response>
  /** A new admin token, which is shown here and never again. */
  createAdminToken: () => { id: string; token: string }
  /** How many admin tokens there are. */
  readonly adminTokens: number
  /** Copies the database to a new file, while it is used. Rejects with `INVALID` when that file is there. */
  backup: (path: string) => Promise<void>
  /** Answers at once who waits for the next revocation list: before a server closes. */
  endWaiting: () => void
  /** Closes the database. Requests are answered 500 from then on. */
  close: () => void
}

/**
 * Makes an authority service: what enrols blocks by secrets and pages by their site's login, renews and revokes
 * certificates, and keeps account of all that in one SQLite file (docs/PROTOCOL.md, "Authority service"). Needs Node
 * 22.16.
 *
 * Rejects with `INVALID`: a bad option; a database that is damaged, of another network or of a later version, of which
 * nothing is changed then; or Node before 22.16.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises'
 * import { Authority } from 'nexus-mesh'
 * import { createAuthority } from 'nexus-mesh/authority'
 *
 * const service = await createAuthority({
 *   authority: Authority.fromJSON(JSON.parse(await readFile('.nexus/authority.json', 'utf8'))),
 *   database: '.nexus/authority.db',
 *   origin: 'https://authority.example.org',
 *   bootstrap: ['/dns4/relay.example.org/tcp/9700']
 * })
 * const response = await service.fetch(new Request('https://authority.example.org/.well-known/nexus'))
 * console.log(await response.json())
 * ```
 */
export async function createAuthority(options: AuthorityServiceOptions): Promise<AuthorityService> {
  const resolved = resolveAuthorityOptions(options)
  const { authority, database, clock, earlierMembers = authority.issuer === undefined } = resolved
  const store = await openStore(database, {
    network: authority.network,
    root: authority.rootId,
    rootSets: authority.rootSets
  })
  const opened = Issuer.open({ authority, database: store.database, clock, earlierMembers })
  const issuer = await opened.catch((error: unknown) => {
    store.database.close()
    throw error
  })
  const web = assemble(resolved, store, issuer)

  return {
    fetch: async (request, from = {}) => web.fetch(request, from),
    createAdminToken: () => store.tokens.create(clock()),
    get adminTokens() {
      return store.tokens.count
    },
    backup: (path) => store.database.backup(path),
    endWaiting: () => issuer.waiters.close(),
    close: () => {
      issuer.waiters.close()
      store.database.close()
    }
  }
}

function assemble(options: ResolvedAuthorityOptions, store: Store, issuer: Issuer): Hono<Web> {
  const { clock, origin, onError } = options
  const limits = new RateLimits(options, now)
  const nonces = new Nonces(now)
  const trails = new TrailLog(store.audit, clock, now)
  const enrolment = new Enrolment({ options, issuer, store, nonces, limits, trails })
  const revocation = new Revocation({ issuer, store, trails, clock })
  const web = new Hono<Web>()
  web.onError((error, c) => answerError({ trails, onError }, error, c))
  web.notFound((c) => {
    throw new Refusal('NOT_FOUND', `there is nothing at ${c.req.method} ${c.req.path}`)
  })
  web.use(noStore, guard({ origin, limits }))
  addPublicRoutes(web, { options, issuer, nonces, enrolment })
  addConsole(web, issuer)
  addAdminRoutes(web, { issuer, store, limits, revocation, trails, clock })
  return web
}
