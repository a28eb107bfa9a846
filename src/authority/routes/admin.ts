import type { Hono, MiddlewareHandler } from 'hono'
import * as v from 'valibot'
import { checkApp, checkBlockKind, checkResource, checkUid } from '../../identity/jid.ts'
import { checkPeerId } from '../../identity/keys.ts'
import { checkedText } from '../../identity/schema.ts'
import type { BlockKind, Clock } from '../../types.ts'
import type { Issuer } from '../issuer.ts'
import type { RateLimits } from '../rate-limits.ts'
import { Refusal } from '../refusal.ts'
import type { Revocation } from '../revocation.ts'
import { BAR_KINDS, type BarKind } from '../store/bars.ts'
import type { Store } from '../store/store.ts'
import type { Trail, TrailLog } from '../trail.ts'
import { jsonBody } from './json-body.ts'
import { countIn, type Web, type WebContext } from './web.ts'

const MAX_LISTED = 1_000
/** A user's grants come with each of its certificates. */
const MAX_SERVICES = 64
const MAX_NOTE = 200

const app = checkedText(checkApp)
const uid = checkedText(checkUid)
const keys = v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0)), null)
const AppSchema = v.object({ owner: uid, maxKeys: keys })
const UserSchema = v.object({ maxKeys: keys })
const SecretSchema = v.object({
  app,
  uid,
  kind: v.picklist(['service', 'explore']),
  block: v.optional(checkedText(checkBlockKind)),
  resource: v.nullish(checkedText(checkResource), null),
  note: v.nullish(v.pipe(v.string(), v.maxLength(MAX_NOTE)), null),
  validForMs: v.optional(v.pipe(v.number(), v.minValue(1)))
})
const text = v.pipe(v.string(), v.nonEmpty())
const RevokeSchema = v.union(
  [
    v.strictObject({ peer: checkedText(checkPeerId) }),
    v.strictObject({ uid }),
    v.strictObject({ app }),
    v.strictObject({ certificate: text })
  ],
  'expected one of peer, uid, app and certificate, and a good one'
)

export interface AdminInit {
  issuer: Issuer
  store: Store
  limits: RateLimits
  revocation: Revocation
  trails: TrailLog
  clock: Clock
}

/** What operators ask, with a token (docs/PROTOCOL.md, "Administration"). */
export function addAdminRoutes(web: Hono<Web>, init: AdminInit): void {
  web.use('/admin/*', operatorsOnly(init))
  addApps(web, init)
  addServices(web, init)
  addSecrets(web, init)
  addRevocations(web, init)
  addRootSets(web, init)
  const { store, clock } = init

  web.get('/admin/certificates', (c) => {
    const { app, uid, peer } = c.req.query()
    const limit = countIn(c, 'limit', MAX_LISTED) ?? MAX_LISTED
    return c.json({ certificates: store.certificates.live(clock(), { app, uid, peer }, limit) })
  })
  web.get('/admin/audit', (c) => {
    const before = countIn(c, 'before', Number.MAX_SAFE_INTEGER)
    return c.json({ audit: store.audit.list({ before, limit: countIn(c, 'limit', MAX_LISTED) ?? 100 }) })
  })
}

function operatorsOnly({ store, limits }: AdminInit): MiddlewareHandler<Web> {
  return async (c, next) => {
    const trail = c.get('trail')
    const [, token = ''] = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '') ?? []
    const id = limits.guarded(trail.source, () => {
      const known = store.tokens.check(token)

      if (known === undefined) {
        throw new Refusal('BAD_TOKEN', 'no such admin token: nexus authority token makes one')
      }

      return known
    })
    trail.actor = `admin:${id}`
    await next()
  }
}

function addApps(web: Hono<Web>, init: AdminInit): void {
  const { apps } = init.store

  web.get('/admin/apps', (c) => c.json({ apps: apps.list() }))
  web.put('/admin/apps/:app', async (c) => {
    const name = checkApp(c.req.param('app'))
    const { owner, maxKeys } = await jsonBody(c.req.raw, AppSchema)
    return change(c, init, 'put app', { app: name, owner, maxKeys }, () => {
      if ((apps.get(name)?.owner ?? owner) !== owner) {
        throw new Refusal('CONFLICT', `the app ${name} has another owner`)
      }
      apps.put({ app: name, owner, maxKeys }, init.clock())
      return apps.get(name)!
    })
  })
  web.put('/admin/apps/:app/partners/:uid', (c) => {
    const { app, uid } = names(c)
    return change(c, init, 'add partner', { app, uid }, () => {
      checkKnown(init.store, app)
      apps.addPartner(app, uid)
      return apps.get(app)!
    })
  })
  web.delete('/admin/apps/:app/partners/:uid', (c) => {
    const { app, uid } = names(c)
    return change(c, init, 'drop partner', { app, uid }, () => {
      checkFound(apps.dropPartner(app, uid), `${uid} is no partner of ${app}`)
      return apps.get(app)!
    })
  })
  web.put('/admin/users/:uid', async (c) => {
    const user = checkUid(c.req.param('uid'))
    const { maxKeys } = await jsonBody(c.req.raw, UserSchema)
    return change(c, init, 'put user', { uid: user, maxKeys }, () => {
      apps.setUserLimit(user, maxKeys)
      return { uid: user, maxKeys }
    })
  })
}

function addServices(web: Hono<Web>, init: AdminInit): void {
  const { apps } = init.store

  web.get('/admin/services', (c) => c.json({ services: apps.services() }))
  web.put('/admin/services/:app/:uid', (c) => {
    const { app, uid } = names(c)
    return change(c, init, 'get service', { app, uid }, () => {
      checkKnown(init.store, app)
      apps.getService(uid, app, init.clock())
      const services = apps.servicesOf(uid)
      if (services.length > MAX_SERVICES) {
        throw new Refusal('CONFLICT', `${uid} has ${MAX_SERVICES} services, and may have no more`)
      }
      return { uid, services }
    })
  })
  web.delete('/admin/services/:app/:uid', async (c) => {
    const { app, uid } = names(c)
    const trail = { ...c.get('trail'), action: 'drop service' }
    c.set('trail', trail)
    return c.json({ uid, services: await init.revocation.drop(app, uid, trail) })
  })
}

function addSecrets(web: Hono<Web>, init: AdminInit): void {
  const { secrets } = init.store

  web.get('/admin/secrets', (c) => c.json({ secrets: secrets.list() }))
  web.post('/admin/secrets', async (c) => {
    const { validForMs, ...asked } = await jsonBody(c.req.raw, SecretSchema)
    const block = (asked.block ?? (asked.kind === 'service' ? 'worker' : 'device')) as BlockKind
    const expiresAt = validForMs === undefined ? null : init.clock() + validForMs
    const { app, uid, kind } = asked
    return change(c, init, 'make secret', { app, uid, kind, block }, (trail) => {
      checkKnown(init.store, asked.app)
      const made = secrets.create({ ...asked, block, expiresAt }, init.clock())
      trail.detail = { ...trail.detail, secret: made.id }
      return made
    })
  })
  web.delete('/admin/secrets/:id', (c) => {
    const id = c.req.param('id')
    return change(c, init, 'revoke secret', { secret: id }, () => {
      checkFound(secrets.revoke(id, init.clock()), `there is no secret ${id} to revoke`)
      return { id }
    })
  })
}

function addRootSets(web: Hono<Web>, { issuer, trails }: AdminInit): void {
  web.post('/admin/roots', async (c) => {
    const { set } = await jsonBody(c.req.raw, v.object({ set: text }))
    const trail = { ...c.get('trail'), action: 'take roots' }
    c.set('trail', trail)
    await issuer.takeRootSet(set, ({ version, roots }) => {
      trail.detail = { version, roots: roots.length }
      trails.done(trail)
    })
    return c.json({ version: issuer.trust.version, roots: [...issuer.trust.roots] })
  })
}

function addRevocations(web: Hono<Web>, { store, revocation }: AdminInit): void {
  web.get('/admin/revocations', (c) => c.json({ revocations: store.bars.list() }))
  web.post('/admin/revocations', async (c) => {
    const [[kind, subject] = []] = Object.entries(await jsonBody(c.req.raw, RevokeSchema))
    const trail = { ...c.get('trail'), action: 'revoke' }
    c.set('trail', trail)
    return c.json(await revocation.revoke(kind as BarKind, subject as string, trail))
  })
  web.delete('/admin/revocations/:kind/:subject', (c) => {
    const { kind, subject } = c.req.param()
    checkFound(BAR_KINDS.includes(kind as BarKind), `nothing is revoked by ${kind}`)
    const trail = { ...c.get('trail'), action: 'lift' }
    c.set('trail', trail)
    revocation.lift(kind as BarKind, subject, trail)
    return c.json({ kind, subject })
  })
}

/** Does it and logs it, or neither. */
function change(
  c: WebContext,
  { store, trails }: AdminInit,
  action: string,
  detail: Record<string, unknown>,
  work: (trail: Trail) => object
): Response {
  const trail = { ...c.get('trail'), action, detail }
  c.set('trail', trail)
  const result = store.database.transaction(() => {
    const done = work(trail)
    trails.done(trail)
    return done
  })
  return c.json(result)
}

function names(c: WebContext): { app: string; uid: string } {
  return { app: checkApp(c.req.param('app')), uid: checkUid(c.req.param('uid')) }
}

function checkKnown({ apps }: Store, app: string): void {
  checkFound(apps.get(app) !== undefined, `there is no app ${app}`)
}

function checkFound(isFound: boolean, message: string): void {
  if (!isFound) {
    throw new Refusal('NOT_FOUND', message)
  }
}
