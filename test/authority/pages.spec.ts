import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { PageUser } from '../../src/authority/options.ts'
import { openCredential } from '../../src/identity/credential.ts'
import { credentialOf, requestCertificate } from '../../src/identity/enrolment.ts'
import { enrol } from '../../src/page/enrol.ts'
import { assertCode } from '../support/calls.ts'
import { alice, bob, TEST_NETWORK } from '../support/identities.ts'
import { removeTemporaryDirectories, temporaryDirectory } from '../support/temporary-directory.ts'
import { TestAuthority } from './support/service.ts'

const CARL: PageUser = { app: 'shop', uid: 'carl', role: 'user' }

describe('an authority service for pages', () => {
  let authority: TestAuthority
  let user: PageUser | null
  let cookie: string | null

  beforeEach(async () => {
    user = CARL
    const authenticate = (request: Request): PageUser | null => {
      cookie = request.headers.get('cookie')
      return user
    }
    authority = await TestAuthority.start(await temporaryDirectory(), { authenticate })
  })

  afterEach(async () => {
    await authority.close()
    await removeTemporaryDirectories()
  })

  const url = (): URL => new URL('/nexus/certificate', authority.origin)
  const request = (id: string): Promise<string> =>
    requestCertificate(alice, { audience: authority.origin, issuedAt: Date.now(), id })

  it('answers what a page asks today, for an hour', async () => {
    const answer = await enrol(url(), alice)
    const { certificate } = await openCredential(credentialOf(alice, answer), { clock: Date.now })
    assert.equal(certificate.jid, `shop-carl-user@${TEST_NETWORK}/webxo`)
    assert.equal(certificate.expiresAt - certificate.issuedAt, 60 * 60_000)
    assert.deepEqual(await authority.audit(), ['certificate ok'])
  })

  it('hands the cookies of the page to the site', async () => {
    await authority.ask('POST', '/nexus/certificate', { request: await request('a') }, { cookie: 'session=1' })
    assert.equal(cookie, 'session=1')
  })

  it('gives nothing when nobody is logged in', async () => {
    user = null
    await assertCode('REFUSED', () => enrol(url(), alice), /nobody is logged in/)
    await authority.refuses(
      authority.ask('POST', '/nexus/certificate', { request: await request('a') }),
      401,
      'NOT_LOGGED_IN'
    )
  })

  it('answers a request once, and of a page of another site none', async () => {
    const body = { request: await request('a') }
    assert.equal((await authority.ask('POST', '/nexus/certificate', body)).status, 200)
    await authority.refuses(authority.ask('POST', '/nexus/certificate', body), 401, 'USED')
    const other = { request: await request('b') }
    const headers = { origin: 'https://mallory.example' }
    await authority.refuses(authority.ask('POST', '/nexus/certificate', other, headers), 403, 'CROSS_ORIGIN')
    const text = { 'content-type': 'text/plain' }
    const form = authority.ask('POST', '/nexus/certificate', JSON.stringify(other), text)
    await authority.refuses(form, 415, 'CONTENT_TYPE')
    assert.equal((await authority.ask('POST', '/nexus/certificate', other)).status, 200)
  })

  it('renews no certificate of a page without its login', async () => {
    const { certificate } = await enrol(url(), bob)
    const asked = { request: await authority.proof(bob, { app: 'shop' }), certificate }
    await authority.refuses(authority.ask('POST', '/renew', asked), 403, 'FORBIDDEN')
  })

  it('is mounted in a server that the site has', async () => {
    const server = createServer(async (incoming, response) => {
      const answer = await authority.served.service.fetch(new Request(`http://site.example${incoming.url}`))
      response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as { port: number }
    const { network } = (await (await fetch(`http://127.0.0.1:${port}/.well-known/nexus`)).json()) as any
    assert.equal(network, TEST_NETWORK)
    server.close()
    server.closeAllConnections()
  })
})
