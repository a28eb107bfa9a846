import type { Hono } from 'hono'
import * as v from 'valibot'
import type { CertificateAnswer } from '../../identity/enrolment.ts'
import { checkResource } from '../../identity/jid.ts'
import { checkedText } from '../../identity/schema.ts'
import type { Enrolment } from '../enrolment.ts'
import type { Issuer } from '../issuer.ts'
import type { Nonces } from '../nonces.ts'
import type { ResolvedAuthorityOptions } from '../options.ts'
import { Refusal } from '../refusal.ts'
import { jsonBody } from './json-body.ts'
import { countIn, type Web, type WebContext } from './web.ts'

const text = v.pipe(v.string(), v.nonEmpty())
const EnrollSchema = v.object({ request: text, secret: text, resource: v.optional(checkedText(checkResource)) })
const RenewSchema = v.object({ request: text, certificate: text })
const PageSchema = v.object({ request: text })

export interface PublicInit {
  options: ResolvedAuthorityOptions
  issuer: Issuer
  nonces: Nonces
  enrolment: Enrolment
}

/** What blocks and pages ask (docs/PROTOCOL.md, "Authority service"). */
export function addPublicRoutes(app: Hono<Web>, { options, issuer, nonces, enrolment }: PublicInit): void {
  const { network, signer } = issuer
  const of = signer === undefined ? {} : { issuer: signer.peerId }
  const { bootstrap, clock } = options

  app.get('/.well-known/nexus', async (c) => {
    const lists = await issuer.lists()
    const issuers = signer === undefined ? {} : { issuers: [signer.token] }
    return c.json({ version: 1, network, ...issuer.trusted, ...issuers, bootstrap, ...lists, time: clock() })
  })
  app.get('/revocations', async (c) => {
    const asked = countIn(c, 'after', Number.MAX_SAFE_INTEGER)
    // Versions of another signer's list say nothing of this one.
    const after = (c.req.query('of') ?? '') === (signer?.peerId ?? '') ? asked : undefined

    // Who names no version of root sets is of a version that knows none.
    const roots = countIn(c, 'roots', Number.MAX_SAFE_INTEGER) ?? Number.MAX_SAFE_INTEGER

    if (after !== undefined && after >= issuer.version && roots >= issuer.trust.version) {
      await issuer.waiters.wait(c.req.raw.signal)
    }

    const lists = await issuer.lackedBy(after ?? 0)
    const news = lists.length === 0 ? {} : issuer.signsWhole ? { revocations: lists[0] } : { lists }
    const rootSets = issuer.trust.since(roots)
    return c.json({ version: issuer.version, ...of, ...news, ...(rootSets.length === 0 ? {} : { rootSets }) })
  })
  app.get('/nonce', (c) => c.json({ version: 1, ...nonces.create(), time: clock() }))
  app.post('/enroll', async (c) => {
    named(c, 'enroll')
    return answer(c, await enrolment.enroll(await jsonBody(c.req.raw, EnrollSchema), c.get('trail')))
  })
  app.post('/renew', async (c) => {
    named(c, 'renew')
    return answer(c, await enrolment.renew(await jsonBody(c.req.raw, RenewSchema), c.get('trail')))
  })
  app.post('/nexus/certificate', async (c) => {
    named(c, 'certificate')
    const { request } = await jsonBody(c.req.raw, PageSchema)
    return answer(c, await enrolment.page(request, await pageUser(c, options), c.get('trail')))
  })
}

async function pageUser(c: WebContext, { authenticate }: ResolvedAuthorityOptions) {
  if (authenticate === undefined) {
    throw new Refusal('NOT_FOUND', 'pages get no certificates here: the service was made without authenticate')
  }

  const { url, headers, method } = c.req.raw
  const user = await authenticate(new Request(url, { headers, method }))

  if (user === null) {
    throw new Refusal('NOT_LOGGED_IN', 'nobody is logged in')
  }

  return user
}

function named(c: WebContext, action: string): void {
  c.get('trail').action = action
}

function answer(c: WebContext, value: CertificateAnswer): Response {
  return c.json(value)
}
