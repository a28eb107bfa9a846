import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type ServeAuthorityOptions, type ServedAuthority, serveAuthority } from '../../../src/authority/serve.ts'
import { Authority } from '../../../src/identity/authority.ts'
import type { CertificateAnswer } from '../../../src/identity/enrolment.ts'
import { requestCertificate } from '../../../src/identity/enrolment.ts'
import type { Ed25519PrivateKey } from '../../../src/types.ts'
import { keyFor, TEST_NETWORK } from '../../support/identities.ts'

export interface Answer {
  status: number
  headers: Headers
  /** The JSON of the body. */
  body: any
}

/** An authority service over loopback, with an operator and the app `etest` of `anna`, whose partner is `bert`. */
export class TestAuthority {
  readonly served: ServedAuthority
  readonly #token: string
  #ids = 0

  private constructor(served: ServedAuthority) {
    this.served = served
    this.#token = served.service.createAdminToken().token
  }

  static async start(folder: string, options: Partial<ServeAuthorityOptions> = {}): Promise<TestAuthority> {
    const authority = options.authority ?? (await testRoot())
    const database = join(folder, 'authority.db')
    const started = new TestAuthority(await serveAuthority({ database, ...options, authority }))
    await started.admin('PUT', '/apps/etest', { owner: 'anna' })
    await started.admin('PUT', '/apps/etest/partners/bert')
    return started
  }

  get origin(): string {
    return this.served.origin
  }

  async close(): Promise<void> {
    await this.served.close()
  }

  async ask(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetchAnew(new URL(path, this.origin), {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) })
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) }
  }

  /** What an operator asks. */
  operator(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.ask(method, `/admin${path}`, body, { authorization: `Bearer ${this.#token}` })
  }

  /** The same, and that it is done. */
  async admin(method: string, path: string, body?: unknown): Promise<Answer> {
    const answer = await this.operator(method, path, body)
    assert.equal(answer.status, 200, JSON.stringify(answer.body))
    return answer
  }

  /** The text of a new secret. By default a service secret of `anna` for `etest`. */
  async secret(terms: Record<string, unknown> = {}): Promise<string> {
    const { body } = await this.admin('POST', '/secrets', { app: 'etest', uid: 'anna', kind: 'service', ...terms })
    return body.secret
  }

  async nonce(): Promise<string> {
    return (await this.ask('GET', '/nonce')).body.nonce
  }

  /** A proof with a fresh nonce, but for what `terms` say. */
  async proof(key: Ed25519PrivateKey, terms: Partial<Parameters<typeof requestCertificate>[1]> = {}): Promise<string> {
    const nonce = terms.nonce ?? (await this.nonce())
    const id = `test-${++this.#ids}`
    return requestCertificate(key, { audience: this.origin, issuedAt: Date.now(), id, app: 'etest', ...terms, nonce })
  }

  async enroll(key: Ed25519PrivateKey, secret: string, others: object = {}): Promise<Answer> {
    return this.ask('POST', '/enroll', { request: await this.proof(key), secret, ...others })
  }

  async renew(key: Ed25519PrivateKey, { certificate }: CertificateAnswer): Promise<Answer> {
    return this.ask('POST', '/renew', { request: await this.proof(key), certificate })
  }

  /** What was asked is refused so, and that is in the audit log. */
  async refuses(asked: Promise<Answer>, status: number, code: string, reason?: string): Promise<void> {
    const { status: answered, body, headers } = await asked
    assert.deepEqual([answered, body.error?.code, body.error?.reason], [status, code, reason], JSON.stringify(body))
    assert.match(body.error.message, /\w+ \w+/)
    assert.equal(headers.get('cache-control'), 'no-store')
    const [last = ''] = await this.audit()
    assert.equal(last.split(' ').at(-1), reason ?? code)
  }

  /** The outcomes of the audit log, the last one first: `action outcome`. */
  async audit(limit = 1): Promise<string[]> {
    const { body } = await this.admin('GET', `/audit?limit=${limit}`)
    return body.audit.map(({ action, outcome }: { action: string; outcome: string }) => `${action} ${outcome}`)
  }
}

/** The authority whose root key is that of `testNetwork`. */
export async function testRoot(): Promise<Authority> {
  return Authority.create({ network: TEST_NETWORK, privateKey: await keyFor('root') })
}

/** `fetch` may take a connection to the service that was at this port before. */
function fetchAnew(url: URL, init: RequestInit): Promise<Response> {
  return fetch(url, init).catch((error: { cause?: { code?: string } }) => {
    if (error.cause?.code === 'UND_ERR_SOCKET') {
      return fetch(url, init)
    }
    throw error
  })
}
