import assert from 'node:assert/strict'
import { peerIdOf } from '../../../src/identity/keys.ts'
import { checkCallOptions, checkTarget, matches } from '../../../src/protocols/find/target.ts'
import type { Identity, Target } from '../../../src/types.ts'
import { assertCode, identityFor } from '../../support/calls.ts'
import { ALICE_UID, alice, assertInvalid, BOB_UID } from '../../support/identities.ts'

const jid = `etest-${ALICE_UID}-owner@test.nexus.example/default`

describe('target', () => {
  describe('is refused with INVALID', () => {
    const cases: Array<[what: string, target: unknown, message: RegExp]> = [
      ['when it is none', null, /target/],
      ['when it is text', 'etest', /target/],
      ['without an app', {}, /app/],
      ['with a bad app', { app: 'Etest' }, /app/],
      ['with a bad ownership', { app: 'etest', ownership: 'ours' }, /ownership/],
      ['with a bad resource', { app: 'etest', resource: 'a/b' }, /resource/],
      ['with a bad peer', { app: 'etest', peer: 'nobody' }, /peer/],
      ['with a bad JID', { app: 'etest', jid: 'nobody' }, /JID/],
      ['with the JID of another app', { app: 'other', jid }, /not of the app 'other'/]
    ]

    for (const [what, target, message] of cases) {
      it(what, () => assertInvalid(message, () => checkTarget(target as Target)))
    }
  })

  it('is taken with all that it may have', () => {
    checkTarget({ app: 'etest', ownership: 'mine', prioritizeMine: true, resource: 'r', jid, peer: peerIdOf(alice) })
  })

  describe('call options', () => {
    for (const timeoutMs of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '10' as never, null as never]) {
      it(`refuse timeoutMs ${timeoutMs}`, () => assertInvalid(/timeoutMs/, () => checkCallOptions({ timeoutMs })))
    }

    it('take a fraction of a millisecond, and as long as timers reach', () => {
      checkCallOptions({ timeoutMs: 0.5 })
      checkCallOptions({ timeoutMs: 2 ** 31 - 1, signal: new AbortController().signal })
    })

    it('refuse what is no signal', () => assertInvalid(/signal/, () => checkCallOptions({ signal: 'stop' as never })))

    it('fail with CANCELLED when the signal has aborted, with its reason as cause', async () => {
      const reason = new Error('too late')
      const error = await assertCode('CANCELLED', () => checkCallOptions({ signal: AbortSignal.abort(reason) }))
      assert.equal(error.cause, reason)
    })
  })

  describe('matches', () => {
    const self = identityFor('self', { app: 'other' })
    const worker = identityFor('worker', { resource: 'r1' })
    const cases: Array<[what: string, target: Target, worker: Identity, expected: boolean]> = [
      ['a worker of the app', { app: 'etest' }, worker, true],
      ['not of another app', { app: 'other' }, worker, false],
      ['the resource', { app: 'etest', resource: 'r1' }, worker, true],
      ['not another resource', { app: 'etest', resource: 'r2' }, worker, false],
      ['the JID', { app: 'etest', jid: worker.jid }, worker, true],
      ['not another JID', { app: 'etest', jid }, worker, false],
      ['the peer', { app: 'etest', peer: 'worker' }, worker, true],
      ['not another peer', { app: 'etest', peer: 'self' }, worker, false],
      ['mine', { app: 'etest', ownership: 'mine' }, worker, true],
      ["not mine when it is another's", { app: 'etest', ownership: 'mine' }, { ...worker, uid: BOB_UID }, false],
      ["the owner's", { app: 'etest', ownership: 'owner' }, worker, true],
      [
        "not the owner's when it is a partner's",
        { app: 'etest', ownership: 'owner' },
        { ...worker, role: 'partner' },
        false
      ],
      ['all of it together', { app: 'etest', ownership: 'mine', resource: 'r2' }, worker, false]
    ]

    for (const [what, target, candidate, expected] of cases) {
      it(what, () => assert.equal(matches(target, candidate, self), expected))
    }
  })
})
