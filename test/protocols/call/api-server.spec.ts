import assert from 'node:assert/strict'
import { runInNewContext } from 'node:vm'
import { NexusError } from '../../../src/errors.ts'
import { Access } from '../../../src/protocols/call/access.ts'
import { ApiServer, checkCommand } from '../../../src/protocols/call/api-server.ts'
import type { PeerSession } from '../../../src/protocols/session/session-table.ts'
import type { ApiContext, ApiHandler, Body, Identity } from '../../../src/types.ts'
import { arrival, assertCode, identityFor, sessionOf } from '../../support/calls.ts'
import { assertInvalid, BOB_UID, MALLORY_UID, type TestNetwork, testNetwork } from '../../support/identities.ts'

const worker = identityFor('worker')
const partner = sessionOf(identityFor('partner', { role: 'partner' }))
const stranger = identityFor('stranger', { app: 'other', uid: BOB_UID, role: 'user' })

describe('API server', () => {
  let network: TestNetwork
  let access: Access
  let server: ApiServer

  before(async () => {
    network = await testNetwork()
  })

  beforeEach(() => {
    access = new Access({ self: worker, isPublic: true, verifier: network.verifier() })
    server = new ApiServer({ access, bodyLimitBytes: 1_000, onHandlerError: () => undefined })
  })

  const call = (cmd: string, body: Body = null, from: PeerSession = partner): Promise<Body> => {
    const { request, answer } = arrival(cmd, body)
    server.onRequest(request, from)
    return answer
  }

  /** What a command answers that is served so. */
  const served = (handler: ApiHandler): Promise<Body> => {
    server.handle('it', handler)
    return call('it')
  }

  describe('gives a handler', () => {
    it("the body, the command, the time left and the caller's identity", async () => {
      let given: ApiContext | undefined
      server.handle<{ a: number; b: number }>('add', (context) => {
        given = context
        return context.body.a + context.body.b
      })
      const { request, answer } = arrival('add', { a: 1, b: 2 })
      server.onRequest(request, partner)
      assert.equal(await answer, 3)
      assert.equal(given?.from, partner.peer)
      assert.deepEqual([given?.cmd, given?.timeoutMs, given?.signal], ['add', 1_000, request.signal])
    })

    it('nothing when the caller has gone while its grant was checked', async () => {
      const session = sessionOf(stranger)
      server.handle('it', () => assert.fail('it runs'))
      const grant = await network.authority.issueGrant({ uid: BOB_UID, app: 'etest' })
      access.show(session, grant, undefined)
      const { request, answer } = arrival('it')
      server.onRequest({ ...request, signal: AbortSignal.abort() }, session)
      await assertCode('CANCELLED', () => answer)
    })

    it('the identity that was checked, when the peer shows another while its grant is checked', async () => {
      const session = sessionOf(stranger)
      let from: Identity | undefined
      server.handle('whoami', (context) => {
        from = context.from
      })
      access.show(session, await network.authority.issueGrant({ uid: BOB_UID, app: 'etest' }), undefined)
      const answer = call('whoami', null, session)
      session.peer = { ...stranger, uid: MALLORY_UID }
      await answer
      assert.equal(from?.uid, BOB_UID)
    })
  })

  describe('answers what a handler', () => {
    const foreign = runInNewContext('Promise.resolve("later")') as Promise<string>
    const cases: Array<[what: string, handler: ApiHandler, answer: Body]> = [
      ['returns', () => ({ code: 0 }), { code: 0 }],
      ['resolves to', async () => [1, 2], [1, 2]],
      ['resolves to by a promise that is no `Promise` here', () => foreign, 'later'],
      ['returns as bytes', () => Uint8Array.from([1, 2]), Uint8Array.from([1, 2])],
      ['returns as undefined: null', () => undefined, null],
      ['resolves to as undefined: null', async () => undefined, null],
      ['returns falsy', () => 0, 0]
    ]

    for (const [what, handler, expected] of cases) {
      it(what, async () => assert.deepEqual(await served(handler), expected))
    }
  })

  describe('fails with HANDLER_FAILED, and does not say why, when a handler', () => {
    const secret = new Error('secret')
    const cases: Array<[what: string, handler: ApiHandler]> = [
      [
        'throws',
        () => {
          throw secret
        }
      ],
      ['rejects', () => Promise.reject(secret)],
      [
        'throws an error that may be retried',
        () => {
          throw new NexusError('UNREACHABLE', 'secret')
        }
      ],
      [
        'throws what is no error',
        () => {
          throw undefined
        }
      ]
    ]

    for (const [what, handler] of cases) {
      it(what, async () => {
        const { message } = await assertCode('HANDLER_FAILED', () => served(handler))
        assert.doesNotMatch(message, /secret/)
      })
    }
  })

  it('fails with HANDLER_FAILED, and says where, for what JSON cannot carry', async () => {
    await assertCode('HANDLER_FAILED', () => served(() => ({ count: 1n })), /\$\.count/)
  })

  it('fails with HANDLER_FAILED for what JSON cannot carry in a promise', async () => {
    await assertCode('HANDLER_FAILED', () => served(async () => ({ run: () => 1 })), /\$\.run/)
  })

  it('fails with TOO_LARGE for an answer over the limit', async () => {
    await assertCode('TOO_LARGE', () => served(() => 'x'.repeat(1_000)))
    assert.equal(await call('ping'), 'pong')
  })

  it('fails with NO_HANDLER for a command that nobody serves', async () => {
    await assertCode('NO_HANDLER', () => call('nothing'), /nothing/)
  })

  it('fails with INVALID for a body that is none, and does not run the handler', async () => {
    server.handle('it', () => assert.fail('it ran'))
    const { request, answer } = arrival('it')
    server.onRequest({ ...request, body: new TextEncoder().encode('{') }, partner)
    await assertCode('INVALID', () => answer)
  })

  it('checks the service before it says whether there is such a command', async () => {
    await assertCode('FORBIDDEN', () => call('nothing', null, sessionOf(stranger)))
  })

  it('does not run a handler before the grant was checked, and not at all when it does not hold', async () => {
    const session = sessionOf(stranger)
    let ran = false
    server.handle('it', () => {
      ran = true
    })
    access.show(session, 'no grant', undefined)
    await assertCode('FORBIDDEN', () => call('it', null, session))
    assert.equal(ran, false)
    access.show(session, await network.authority.issueGrant({ uid: BOB_UID, app: 'etest' }), undefined)
    const answer = call('it', null, session)
    assert.equal(ran, false)
    await answer
    assert.equal(ran, true)
  })

  describe('answers ping', () => {
    it('without a grant while nobody serves it', async () => {
      assert.equal(await call('ping', null, sessionOf(stranger)), 'pong')
    })

    it('as it was told to', async () => {
      server = new ApiServer({ access, bodyLimitBytes: 1_000, pong: { code: 0 }, onHandlerError: () => undefined })
      assert.deepEqual(await call('ping', null, sessionOf(stranger)), { code: 0 })
    })

    it('by its handler, for which a caller needs the service, and by itself again when that has ended', async () => {
      const end = server.handle('ping', () => 'mine')
      assert.equal(await call('ping'), 'mine')
      await assertCode('FORBIDDEN', () => call('ping', null, sessionOf(stranger)))
      end()
      assert.equal(await call('ping', null, sessionOf(stranger)), 'pong')
    })
  })

  it('answers nothing, not even ping, to those for whom the worker does not exist', async () => {
    access = new Access({ self: worker, isPublic: false, verifier: network.verifier() })
    server = new ApiServer({ access, bodyLimitBytes: 1_000, onHandlerError: () => undefined })
    await assertCode('NO_WORKER', () => call('ping', null, sessionOf(stranger)))
  })

  describe('names', () => {
    it('are refused when they are taken', async () => {
      server.handle('it', () => 1)
      await assertInvalid(/has a handler already/, () => server.handle('it', () => 2))
      server.handle('ping', () => 1)
      await assertInvalid(/has a handler already/, () => server.handle('ping', () => 2))
    })

    it('are free again when the handler was removed, once', async () => {
      const remove = server.handle('it', () => 1)
      remove()
      await assertCode('NO_HANDLER', () => call('it'))
      server.handle('it', () => 2)
      remove()
      assert.equal(await call('it'), 2)
    })

    it('are refused with a handler that is no function', async () => {
      await assertInvalid(/no function/, () => server.handle('it', 'handler' as never))
    })

    for (const bad of ['', '$topic', 'x'.repeat(256), 'ü'.repeat(128), 7, undefined, null]) {
      it(`are not ${String(JSON.stringify(bad)).slice(0, 20)}`, () => assertInvalid(/command/, () => checkCommand(bad)))
    }

    for (const good of ['a', 'a$', 'ü'.repeat(127), ' ', '__proto__', 'x'.repeat(255)]) {
      it(`may be ${JSON.stringify(good).slice(0, 20)}`, () => checkCommand(good))
    }

    it('that objects have by themselves are served only when they were registered', async () => {
      await assertCode('NO_HANDLER', () => call('constructor'))
      await assertCode('NO_HANDLER', () => call('__proto__'))
    })
  })
})
