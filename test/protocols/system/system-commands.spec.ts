import assert from 'node:assert/strict'
import { NexusError } from '../../../src/errors.ts'
import { BODY_JSON } from '../../../src/protocols/body/body.ts'
import { UserLimits } from '../../../src/protocols/peers/user-limits.ts'
import type { SessionManager } from '../../../src/protocols/session/session-manager.ts'
import { refusingRouter, type SessionRouter } from '../../../src/protocols/session/session-router.ts'
import type { SystemCommand } from '../../../src/protocols/system/system-calls.ts'
import { SystemCommands } from '../../../src/protocols/system/system-commands.ts'
import type { Identity, Json } from '../../../src/types.ts'
import { assertCode, identityFor, log } from '../../support/calls.ts'
import { testNetwork } from '../../support/identities.ts'
import { startMember, stopMembers, type TestMember } from '../../support/members.ts'
import { until } from '../../support/until.ts'

const options = { timeoutMs: 5_000 }

describe('system calls', () => {
  let left: TestMember
  let right: TestMember

  before(async () => {
    const network = await testNetwork()
    left = await startMember(network, { block: { resource: 'left' } })
    right = await startMember(network, { block: { resource: 'right', block: 'relay', role: 'user' } })
    await left.dial(right)
  })

  after(stopMembers)

  const ask = (body: Json, command: SystemCommand = '$topic'): Promise<Json> =>
    left.parts.system.call(right.peerId, command, body, options)

  it('go to the handler of the command, with the verified sender, and need no grant', async () => {
    let from: Identity | undefined
    right.parts.system.serve('$topic', (body, sender) => {
      from = sender
      return { echo: body }
    })
    assert.deepEqual(await ask([1, 2]), { echo: [1, 2] })
    assert.deepEqual(from, left.parts.identity)
  })

  it('never reach the handlers of the application', async () => {
    const seen: string[] = []
    right.parts.sessions.serve({
      ...refusingRouter,
      onRequest: (request) => {
        seen.push(request.cmd)
        request.fail('INVALID', 'seen')
      }
    })
    const { session } = await left.parts.sessions.open(right.peerId)
    const call = { type: BODY_JSON, body: new Uint8Array([0x31]), timeoutMs: 5_000 }
    await assertCode('NO_HANDLER', () => session.request({ ...call, cmd: '$anything' }))
    await assertCode('INVALID', () => session.request({ ...call, cmd: 'it$' }))
    assert.deepEqual(seen, ['it$'])
  })

  it('fail with NO_HANDLER for a command that nobody serves', async () => {
    await assertCode('NO_HANDLER', () => ask(1, '$later' as SystemCommand))
  })

  it('fail with the code and message that the handler throws', async () => {
    right.parts.system.serve('$topic', () => {
      throw new NexusError('FORBIDDEN', 'not you')
    })
    await assertCode('FORBIDDEN', () => ask(1), /not you/)
  })

  it('fail with HANDLER_FAILED, and do not say why, when the handler fails', async () => {
    right.parts.system.serve('$topic', async () => {
      throw new TypeError('secret')
    })
    const { message } = await assertCode('HANDLER_FAILED', () => ask(1))
    assert.doesNotMatch(message, /secret/)
  })

  it('abort the handler when the caller gives up', async () => {
    const controller = new AbortController()
    const aborted = Promise.withResolvers<void>()
    right.parts.system.serve('$topic', (_body, _from, signal) => {
      signal.addEventListener('abort', () => aborted.resolve())
      controller.abort()
      return aborted.promise.then(() => null)
    })
    const { signal } = controller
    await assertCode('CANCELLED', () => left.parts.system.call(right.peerId, '$topic', 1, { ...options, signal }))
    await aborted.promise
  })

  it('of one user are limited, all its blocks together; others are answered', async () => {
    let onRequest: SessionRouter['onRequest'] = () => assert.fail('not served')
    const sessions = { serveSystem: (handler: typeof onRequest) => (onRequest = handler) }
    const users = new UserLimits({ factors: { bench: 2 } })
    const system = new SystemCommands({ sessions: sessions as unknown as SessionManager, users, log })
    const ends: Array<(answer: null) => void> = []
    system.serve('$topic', () => new Promise((resolve) => ends.push(resolve)))
    const failures: string[] = []
    const body = new TextEncoder().encode('1')
    const request = { cmd: '$topic', type: BODY_JSON, body, respond: () => undefined }
    const fail = (code: string, message: string) => failures.push(`${code} ${message}`)
    const ask = (peerId: string, uid: string) =>
      onRequest({ ...request, fail } as never, { peer: identityFor(peerId, { uid }) } as never)

    for (let key = 0; key < 100; key++) {
      for (let n = 0; n < 20; n++) {
        ask(`key${key}`, 'mallory')
      }
    }
    await until(() => ends.length === 1_024, 'as many as a user may have')
    assert.equal(failures.length, 2_000 - 1_024)
    assert.match(failures[0] as string, /^BUSY .*user.*1024/)
    ask('other', 'ben')
    await until(() => ends.length === 1_025, 'another user is answered')

    for (const end of ends.splice(0)) {
      end(null)
    }
    await until(() => {
      ask('key0', 'mallory')
      return ends.length > 0
    }, 'room')
  })

  it('fail with TIMEOUT when there is no answer in time', async () => {
    right.parts.system.serve('$topic', () => new Promise(() => undefined))
    await assertCode('TIMEOUT', () => left.parts.system.call(right.peerId, '$topic', 1, { timeoutMs: 30 }))
  })

  it('fail with TIMEOUT also when no session is opened in time', async () => {
    const sessions = {
      serveSystem: () => undefined,
      open: (_peerId: string, signal: AbortSignal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new NexusError('CANCELLED', 'aborted')))
        })
    }
    const system = new SystemCommands({ sessions: sessions as unknown as SessionManager, log })
    await assertCode('TIMEOUT', () => system.call('somebody', '$topic', 1, { timeoutMs: 20 }))
    const { signal } = new AbortController()
    await assertCode('TIMEOUT', () => system.call('somebody', '$topic', 1, { timeoutMs: 20, signal }))
    await assertCode('CANCELLED', () =>
      system.call('somebody', '$topic', 1, { timeoutMs: 5_000, signal: AbortSignal.timeout(20) })
    )
  })
})
