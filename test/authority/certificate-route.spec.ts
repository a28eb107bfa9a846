import assert from 'node:assert/strict'
import {
  type CertificateRouteOptions,
  certificateRoute,
  type SiteUser
} from '../../src/authority/site/certificate-route.ts'
import { Authority } from '../../src/identity/authority.ts'
import { openCredential } from '../../src/identity/credential.ts'
import { credentialOf, parseAnswer, requestCertificate } from '../../src/identity/enrolment.ts'
import { assertCode } from '../support/calls.ts'
import { alice, TEST_NETWORK } from '../support/identities.ts'

const SITE = 'https://shop.example.org'
const DEVELOPMENT = 'http://localhost:5173'
const CARL: SiteUser = { app: 'shop', uid: 'carl', role: 'user', services: ['etest'] }

describe('the certificate route of a site', () => {
  let options: CertificateRouteOptions

  before(async () => {
    const authority = await Authority.create({ network: TEST_NETWORK })
    const bootstrap = ['/dns4/relay.example.org/tcp/443/wss']
    options = { authority, origin: SITE, bootstrap, authenticate: () => CARL }
  })

  const ask = async (
    route: (request: Request) => Promise<Response>,
    audience: string,
    headers: Record<string, string> = {}
  ): Promise<{ status: number; body: any }> => {
    const request = await requestCertificate(alice, { audience, issuedAt: Date.now(), id: 'a' })
    const response = await route(
      new Request('http://10.0.0.7:3000/nexus/certificate', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ request })
      })
    )
    assert.equal(response.headers.get('cache-control'), 'no-store')
    return { status: response.status, body: await response.json() }
  }

  it('gives a certificate for an hour, and grants for the services of the user', async () => {
    const { status, body } = await ask(certificateRoute(options), SITE, { origin: SITE })
    assert.equal(status, 200)
    const { certificate, grants } = await openCredential(credentialOf(alice, parseAnswer(body)), { clock: Date.now })
    assert.equal(certificate.jid, `shop-carl-user@${TEST_NETWORK}/webxo`)
    assert.equal(certificate.expiresAt - certificate.issuedAt, 60 * 60_000)
    assert.equal(grants.length, 1)
    assert.deepEqual(body.bootstrap, options.bootstrap)
  })

  it('says which origin was expected, and which option sets it', async () => {
    const behind = { origin: DEVELOPMENT }
    const own = 'the option origin is https://shop.example.org'
    const page = await ask(certificateRoute(options), DEVELOPMENT, behind)
    assert.deepEqual([page.status, page.body.error.code], [403, 'CROSS_ORIGIN'])
    assert.equal(page.body.error.message, `a page of ${DEVELOPMENT} may not ask here: ${own}`)
    // A proxy that drops the header leaves what the page has signed.
    const { status, body } = await ask(certificateRoute(options), DEVELOPMENT)
    assert.deepEqual([status, body.error.code, body.error.reason], [401, 'REFUSED', 'BAD_CLAIM'])
    assert.equal(body.error.message, `the request is for ${DEVELOPMENT}, and ${own}: it is what the address bar shows`)
    const route = certificateRoute({ ...options, origin: [SITE, DEVELOPMENT] })
    assert.equal((await ask(route, DEVELOPMENT, behind)).status, 200)
    assert.equal((await ask(route, SITE, { origin: SITE })).status, 200)
  })

  it('refuses whom nobody knows, other methods and other bodies', async () => {
    const nobody = await ask(certificateRoute({ ...options, authenticate: () => null }), SITE)
    assert.deepEqual([nobody.status, nobody.body.error.code], [401, 'NOT_LOGGED_IN'])
    const route = certificateRoute(options)
    assert.equal((await route(new Request(`${SITE}/nexus/certificate`))).status, 404)
    assert.equal((await ask(route, SITE, { 'content-type': 'text/plain' })).status, 415)
    assert.equal((await ask(route, SITE, { 'sec-fetch-site': 'cross-site' })).status, 403)
  })

  it('tells of its own failures, and answers that it may be asked again', async () => {
    const errors: unknown[] = []
    const authenticate = (): never => {
      throw new Error('the database of sessions is away')
    }
    const route = certificateRoute({ ...options, authenticate, onError: (error) => errors.push(error) })
    const { status, body } = await ask(route, SITE)
    assert.deepEqual([status, body.error.code], [500, 'FAILED'])
    assert.match(String(errors), /sessions is away/)
    assert.doesNotMatch(JSON.stringify(body), /sessions/)
  })

  it('checks its options at once', () =>
    assertCode(
      'INVALID',
      async () => certificateRoute({ ...options, origin: 'https://shop.example.org/' }),
      /origin: expected/
    ))
})
