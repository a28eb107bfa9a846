import assert from 'node:assert/strict'
import { MAX_IN_FLIGHT } from '../../../src/constants.ts'
import { BODY_JSON, decodeBody, encodeBody } from '../../../src/protocols/body/body.ts'
import { Access } from '../../../src/protocols/call/access.ts'
import { Directs } from '../../../src/protocols/call/directs.ts'
import type { Router } from '../../../src/protocols/call/router.ts'
import type { SessionDirect } from '../../../src/protocols/session/session.ts'
import type { Body, DirectMessage, Identity } from '../../../src/types.ts'
import { assertCode, identityFor, sessionOf } from '../../support/calls.ts'
import { assertInvalid, BOB_UID, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const worker = identityFor('worker')
const sender = sessionOf(identityFor('sender', { app: 'other', uid: BOB_UID, role: 'user' }))
const verifier = (await testNetwork()).verifier()

function directsOf({ self = worker, isPublic = true, routing }: Partial<Init> = {}): Directs {
  const access = new Access({ self, isPublic, verifier })
  return new Directs({ self, access, routing: routing as Router, bodyLimitBytes: 100, onHandlerError: () => undefined })
}

interface Init {
  self: Identity
  isPublic: boolean
  routing: Pick<Router, 'route'>
}

const arrivalOf = (body: Body) => ({ type: BODY_JSON, body: encodeBody(body, 1_000_000).bytes })

describe('directs', () => {
  describe('that arrive', () => {
    it('go to every handler, with the identity of the sender and a body of its own', async () => {
      const directs = directsOf()
      const got: DirectMessage[] = []
      directs.onDirect<{ seen?: boolean }>((message) => {
        got.push(message)
        message.body.seen = true
      })
      directs.onDirect((message) => {
        got.push(message)
      })
      await directs.onArrival(arrivalOf({ hello: 1 }), sender)
      assert.deepEqual(
        got.map(({ body }) => body),
        [{ hello: 1, seen: true }, { hello: 1 }]
      )
      assert.equal(got[0]?.from, sender.peer)
    })

    it('are refused with NO_HANDLER when nobody receives them, or no longer', async () => {
      const directs = directsOf()
      await assertCode('NO_HANDLER', () => directs.onArrival(arrivalOf(1), sender))
      directs.onDirect(() => undefined)()
      await assertCode('NO_HANDLER', () => directs.onArrival(arrivalOf(1), sender))
    })

    it('are refused with FORBIDDEN by a block that is no worker', async () => {
      const directs = directsOf({ self: { ...worker, block: 'xwebsite' } })
      await assertCode('FORBIDDEN', () => directs.onArrival(arrivalOf(1), sender))
    })

    it('are refused with NO_WORKER by a private worker that does not exist for the sender', async () => {
      const directs = directsOf({ isPublic: false })
      directs.onDirect(() => assert.fail('it ran'))
      await assertCode('NO_WORKER', () => directs.onArrival(arrivalOf(1), sender))
    })

    it('are refused with INVALID when the body is none', async () => {
      const directs = directsOf()
      directs.onDirect(() => assert.fail('it ran'))
      await assertCode('INVALID', () => directs.onArrival({ type: BODY_JSON, body: new Uint8Array(1) }, sender))
    })

    it('are taken, whatever becomes of them in a handler', async () => {
      const directs = directsOf()
      let ran = 0
      directs.onDirect(() => {
        ran++
        throw new Error('at once')
      })
      directs.onDirect(async () => {
        ran++
        throw new Error('later')
      })
      await directs.onArrival(arrivalOf(1), sender)
      assert.equal(ran, 2)
    })

    it('are refused with BUSY while too many are being handled', async () => {
      const directs = directsOf()
      const { promise, resolve } = Promise.withResolvers<void>()
      let ended = 0
      directs.onDirect(async () => {
        await promise
        ended++
      })

      for (let count = 0; count < MAX_IN_FLIGHT; count++) {
        await directs.onArrival(arrivalOf(count), sender)
      }

      await assertCode('BUSY', () => directs.onArrival(arrivalOf(1), sender))
      resolve()
      await until(() => ended === MAX_IN_FLIGHT, 'the end of the handlers')
      await directs.onArrival(arrivalOf(1), sender)
    })
  })

  describe('onDirect', () => {
    it('throws FORBIDDEN on a block that is no worker', async () => {
      const directs = directsOf({ self: { ...worker, block: 'device' } })
      await assertCode('FORBIDDEN', () => directs.onDirect(() => undefined), /device/)
    })

    it('throws INVALID for what is no function', () =>
      assertInvalid(/no function/, () => directsOf().onDirect('handler' as never)))
  })

  describe('send', () => {
    it('gives the body to one worker and resolves when it was taken', async () => {
      const sent: SessionDirect[] = []
      const to = sessionOf(worker, { direct: async (direct) => void sent.push(direct) })
      const directs = directsOf({ routing: { route: (_target, _options, attempt) => attempt(to, 99) } })
      await directs.send({ app: 'etest', body: { hello: 1 } })
      await directs.send({ app: 'etest' })
      assert.deepEqual(
        sent.map(({ type, body, timeoutMs }) => [decodeBody(type, body), timeoutMs]),
        [
          [{ hello: 1 }, 99],
          [null, 99]
        ]
      )
    })

    it('refuses bad arguments before anything is sent', async () => {
      const directs = directsOf({ routing: { route: () => assert.fail('it was sent') } })
      await assertCode('INVALID', () => directs.send({ app: '' }))
      await assertCode('INVALID', () => directs.send({ app: 'etest', timeoutMs: 0 }))
      await assertCode('TOO_LARGE', () => directs.send({ app: 'etest', body: 'x'.repeat(100) }))
      await assertCode('CANCELLED', () => directs.send({ app: 'etest', signal: AbortSignal.abort() }))
    })
  })
})
