import assert from 'node:assert/strict'
import type { HeldGrant } from '../../../src/identity/credential.ts'
import { BODY_JSON, decodeBody, encodeBody } from '../../../src/protocols/body/body.ts'
import { ApiClient } from '../../../src/protocols/call/api-client.ts'
import type { Router } from '../../../src/protocols/call/router.ts'
import type { SessionRequest } from '../../../src/protocols/session/session.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import type { ApiRequest, Body, Identity } from '../../../src/types.ts'
import { assertCode, identityFor, sessionOf } from '../../support/calls.ts'
import { BOB_UID } from '../../support/identities.ts'

const worker = identityFor('worker')
const caller = identityFor('caller', { app: 'other', uid: BOB_UID, role: 'user' })

describe('API client', () => {
  let sent: Array<SessionRequest | { grant: string; issuerCertificate: string | undefined }>
  let answer: { type: number; body: Uint8Array }
  let session: PeerSession
  let grants: HeldGrant[]

  beforeEach(() => {
    sent = []
    grants = []
    answer = { type: BODY_JSON, body: encodeBody({ result: 42 }, 1_000).bytes }
    session = sessionOf(worker, {
      request: async (request) => {
        sent.push(request)
        return answer
      },
      sendGrant: (grant, issuerCertificate) => void sent.push({ grant, issuerCertificate })
    })
  })

  const call = (request: Partial<ApiRequest> = {}, self: Identity = caller): Promise<Body> => {
    const routing = { route: (_target, _options, attempt) => attempt(session, 1_234) } as Pick<Router, 'route'>
    const client = new ApiClient({ self, routing: routing as Router, grants: () => grants, bodyLimitBytes: 100 })
    return client.call<Body>({ app: 'etest', cmd: 'multiply', ...request })
  }

  const shown = (): string[] => sent.flatMap((item) => ('grant' in item ? item.grant : []))

  it('sends the command, the body and the time left, and gives the body of the answer', async () => {
    const { signal } = new AbortController()
    assert.deepEqual(await call({ body: { a: 6, b: 7 }, signal }), { result: 42 })
    const [request] = sent as [SessionRequest]
    assert.deepEqual([request.cmd, request.timeoutMs, request.signal], ['multiply', 1_234, signal])
    assert.deepEqual(decodeBody(request.type, request.body), { a: 6, b: 7 })
  })

  it('sends null when there is no body', async () => {
    await call()
    const [request] = sent as [SessionRequest]
    assert.equal(decodeBody(request.type, request.body), null)
  })

  it('refuses bad arguments before anything is sent', async () => {
    await assertCode('INVALID', () => call({ app: 'Not an app' }))
    await assertCode('INVALID', () => call({ cmd: '$topic' }))
    await assertCode('INVALID', () => call({ timeoutMs: -1 }))
    await assertCode('INVALID', () => call({ body: { run: () => 1 } as never }))
    await assertCode('TOO_LARGE', () => call({ body: 'x'.repeat(100) }))
    await assertCode('CANCELLED', () => call({ signal: AbortSignal.abort() }))
    assert.deepEqual(sent, [])
  })

  it('fails with INVALID for an answer that is no body', async () => {
    answer = { type: 77, body: new Uint8Array() }
    await assertCode('INVALID', () => call())
  })

  describe('grants', () => {
    const held = (grant: string, app = 'etest', expiresAt = 1_000): HeldGrant => ({
      grant,
      app,
      expiresAt,
      id: grant,
      issuedAt: 0
    })

    it('shows the one for the app before the first call of a session, once', async () => {
      grants = [held('of another', 'another'), { ...held('mine'), issuerCertificate: 'of the owner' }]
      await call()
      await call()
      assert.deepEqual(sent[0], { grant: 'mine', issuerCertificate: 'of the owner' })
      assert.deepEqual(shown(), ['mine'])
    })

    it('shows it on each session', async () => {
      grants = [held('mine')]
      await call()
      session = { ...session, grantShown: undefined }
      await call()
      assert.deepEqual(shown(), ['mine', 'mine'])
    })

    it('shows the one that holds longest', async () => {
      grants = [held('short', 'etest', 1), held('long', 'etest', 3), held('middle', 'etest', 2)]
      await call()
      assert.deepEqual(shown(), ['long'])
    })

    it('shows a renewed one on the same session', async () => {
      grants = [held('old')]
      await call()
      grants = [held('new', 'etest', 2_000)]
      await call()
      await call()
      assert.deepEqual(shown(), ['old', 'new'])
    })

    it('shows none to the workers of its own app as owner or partner', async () => {
      grants = [held('mine')]
      await call({}, { ...caller, app: 'etest', role: 'owner' })
      await call({}, { ...caller, app: 'etest', role: 'partner' })
      assert.deepEqual(shown(), [])
      await call({}, { ...caller, app: 'etest', role: 'user' })
      assert.deepEqual(shown(), ['mine'])
    })

    it('calls without one when there is none: the worker says whether it needs it', async () => {
      assert.deepEqual(await call(), { result: 42 })
    })
  })
})
