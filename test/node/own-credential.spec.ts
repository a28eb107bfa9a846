import assert from 'node:assert/strict'
import { mock } from 'node:test'
import type { Logger } from '@libp2p/interface'
import type { Certificate } from '../../src/identity/certificate.ts'
import type { Credential } from '../../src/identity/credential.ts'
import type { CredentialSource } from '../../src/node/options.ts'
import { OwnCredential } from '../../src/node/own-credential.ts'
import { log } from '../support/calls.ts'
import {
  alice,
  assertInvalid,
  assertRefused,
  bob,
  type FrozenClock,
  frozenClock,
  type TestNetwork,
  testNetwork
} from '../support/identities.ts'

const HOUR_MS = 60 * 60_000
const DAY_MS = 24 * HOUR_MS

describe('own credential', () => {
  let clock: FrozenClock
  let network: TestNetwork
  let own: OwnCredential
  let renewed: Certificate[]
  let failures: number
  /** What the source gives, and how often it was asked. */
  let source: () => Credential | Promise<Credential>
  let asked: number

  const credentialFor = (validForMs: number, grants: string[] = []): Promise<Credential> =>
    network.credentialFor({ privateKey: alice, validForMs, grants })

  const open = (from: CredentialSource): Promise<OwnCredential> => {
    const countingLog: Logger = Object.assign((...args: Parameters<Logger>) => log(...args), log, {
      error: () => {
        failures++
      }
    })
    return OwnCredential.open({
      source: from,
      readFile: async () => source(),
      clock,
      random: () => 0.5,
      log: countingLog
    })
  }

  /** Opens what the source gives, and keeps it fresh, while timers stand still. */
  const keep = async (): Promise<void> => {
    own = await open(() => {
      asked++
      return source()
    })
    mock.timers.enable({ apis: ['setTimeout'] })
    own.addEventListener('renewed', ({ detail }) => void renewed.push(detail))
    own.start()
  }

  /** Lets this time pass, until the source was asked so often in all, and waits for what comes of it. */
  const pass = async (ms: number, times: number): Promise<void> => {
    const before = { failures, grants: own.held.list, asked }
    clock.advance(ms)
    mock.timers.tick(ms)
    assert.equal(asked, times)
    const deadline = performance.now() + 10_000

    // Whatever is loaded brings a new list of grants. Timers stand still.
    while (asked > before.asked && failures === before.failures && own.held.list === before.grants) {
      assert.ok(performance.now() < deadline, 'the credential was not taken')
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  beforeEach(async () => {
    clock = frozenClock()
    network = await testNetwork({ clock })
    renewed = []
    failures = 0
    asked = 0
    const first = await credentialFor(3 * HOUR_MS)
    source = () => first
  })

  afterEach(() => {
    own?.stop()
    mock.timers.reset()
  })

  it('opens an object, a file and what a function gives', async () => {
    const credential = await credentialFor(HOUR_MS, ['other'])
    source = () => credential

    for (const from of [credential, 'credential.json', () => credential, async () => credential]) {
      own = await open(from)
      assert.equal(own.certificate.token, credential.certificate)
      assert.deepEqual(
        own.held.list.map(({ app }) => app),
        ['other']
      )
    }
  })

  it('is refused as others would refuse it', async () => {
    const credential = await credentialFor(HOUR_MS)
    await assertRefused('WRONG_KEY', async () =>
      open({ ...credential, certificate: await network.certificateFor({ privateKey: bob }) })
    )
    clock.advance(2 * HOUR_MS)
    await assertRefused('EXPIRED', () => open(credential))
  })

  it('is refused when it is none, or a file where there are no files', async () => {
    await assertInvalid(/credential/, () => open({} as Credential))
    await assertInvalid(/cannot be read here/, () =>
      OwnCredential.open({ source: 'credential.json', readFile: undefined, clock, log })
    )
  })

  it('is asked for again when two thirds of its time are over, and tells of the new one', async () => {
    await keep()
    await pass(2 * HOUR_MS - 1, 1)
    const next = await credentialFor(6 * HOUR_MS, ['other'])
    source = () => next
    await pass(1, 2)
    assert.deepEqual(
      renewed.map(({ token }) => token),
      [next.certificate]
    )
    assert.equal(own.certificate.token, next.certificate)
    assert.equal(own.held.list[0]?.app, 'other')
    await pass(4 * HOUR_MS, 3)
  })

  it('is asked for again after a minute when there is no newer one, or it failed', async () => {
    await keep()
    await pass(2 * HOUR_MS, 2)
    source = () => Promise.reject(new Error('the authority is down'))
    await pass(60_000, 3)
    assert.equal(failures, 1)
    const next = await credentialFor(6 * HOUR_MS)
    source = () => next
    await pass(60_000, 4)
    assert.equal(renewed.length, 1)
  })

  it('is asked for again in half of the time that is left, when that is short', async () => {
    const first = await credentialFor(6_000)
    source = () => first
    await keep()
    source = () => Promise.reject(new Error('the authority is down'))
    await pass(4_000, 2)
    await pass(1_000, 3)
    await pass(500, 4)
    const next = await credentialFor(6_000)
    source = () => next
    await pass(500, 5)
    assert.equal(renewed.length, 1)
  })

  it('takes newer grants and revocations with the same certificate', async () => {
    await keep()
    const same = await source()
    const grant = await network.authority.issueGrant({ uid: own.certificate.uid, app: 'other' })
    const revocations = await network.authority.revoke('uid:nobody')
    source = () => ({ ...same, grants: [{ grant }], revocations })
    await pass(2 * HOUR_MS, 2)
    assert.deepEqual([own.held.list.length, own.revocations.version, renewed.length], [1, 1, 0])
  })

  it("refuses another block's, and stays what it is", async () => {
    await keep()
    const before = own.certificate
    const others = await network.credentialFor({ privateKey: bob, validForMs: DAY_MS, grants: ['other'] })
    source = () => others
    await pass(2 * HOUR_MS, 2)
    const elsewhere = await network.credentialFor({ privateKey: alice, validForMs: DAY_MS, resource: 'elsewhere' })
    source = () => elsewhere
    await pass(60_000, 3)
    assert.deepEqual([failures, renewed.length], [2, 0])
    assert.equal(own.certificate, before)
    assert.deepEqual(own.held.list, [])
  })

  it('is asked for soon after the device woke up, though timers stood still while it slept', async () => {
    await keep()
    clock.advance(10 * HOUR_MS)
    assert.equal(asked, 1)
    await pass(10_000, 2)
  })

  it('stays as it is when it is an object', async () => {
    const credential = await source()
    own = await open(credential)
    mock.timers.enable({ apis: ['setTimeout'] })
    own.addEventListener('renewed', () => assert.fail('renewed'))
    own.start()
    clock.advance(3 * HOUR_MS)
    mock.timers.tick(3 * HOUR_MS)
    assert.equal(own.certificate.token, credential.certificate)
  })

  it('has ended at the end of its time, also when it is an object', async () => {
    own = await open(await credentialFor(3 * HOUR_MS))
    mock.timers.enable({ apis: ['setTimeout'] })
    let ended = 0
    own.addEventListener('expired', () => ended++)
    own.start()

    for (const ms of [2 * HOUR_MS, HOUR_MS - 1]) {
      clock.advance(ms)
      mock.timers.tick(ms)
    }
    assert.equal(ended, 0)
    clock.advance(1)
    mock.timers.tick(1)
    assert.equal(ended, 1)
  })

  it('is not asked for any more when it was stopped, also in the middle of a renewal', async () => {
    await keep()
    const answer = Promise.withResolvers<Credential>()
    source = () => answer.promise
    clock.advance(2 * HOUR_MS)
    mock.timers.tick(2 * HOUR_MS)
    assert.equal(asked, 2)
    own.stop()
    const next = await credentialFor(6 * HOUR_MS)
    answer.resolve(next)

    // Each takes the same steps, and begins later.
    for (let count = 0; count < 5; count++) {
      await open(next)
    }
    mock.timers.tick(DAY_MS)
    assert.deepEqual([asked, renewed.length], [2, 0])
  })

  describe('warns of its end', () => {
    let warnings: Array<string | null>

    /** Timers stand still meanwhile. */
    const until = async (condition: () => boolean, what: string): Promise<void> => {
      const deadline = performance.now() + 10_000

      while (!condition()) {
        assert.ok(performance.now() < deadline, what)
        await new Promise((resolve) => setImmediate(resolve))
      }
    }

    const watch = async (from: CredentialSource): Promise<void> => {
      warnings = []
      own = await open(from)
      mock.timers.enable({ apis: ['setTimeout'] })
      own.addEventListener('expiring', ({ detail }) => void warnings.push(detail))
      own.start()
    }
    const tick = (ms: number): void => {
      clock.advance(ms)
      mock.timers.tick(ms)
    }

    for (const [validForMs, warnsAtMs] of [
      [90 * DAY_MS, 80 * DAY_MS],
      [3 * HOUR_MS, 2 * HOUR_MS]
    ] as const) {
      it(`after ${warnsAtMs / HOUR_MS} of ${validForMs / HOUR_MS} hours when it is an object`, async () => {
        await watch(await credentialFor(validForMs))
        tick(warnsAtMs - 10_000)
        assert.deepEqual(warnings, [])
        tick(10_000)
        const end = new Date(own.certificate.expiresAt).toISOString()
        assert.deepEqual(warnings, [
          `the certificate ends in ${validForMs > DAY_MS ? '10 days' : '60 minutes'}, on ${end}`
        ])
      })
    }

    it('once a day, and no more when it has ended', async () => {
      await watch(await credentialFor(9 * DAY_MS))
      clock.advance(6 * DAY_MS)

      for (let hours = 0; hours < 4 * 24; hours++) {
        tick(HOUR_MS)
      }
      assert.deepEqual(
        warnings.map((warning) => warning?.replace(/, on .*/, '')),
        [
          'the certificate ends in 3 days',
          'the certificate ends in 47 hours',
          'the certificate ends in 23 hours',
          undefined
        ]
      )
    })

    it('when no newer one came, as soon as that is known, and takes it back when one comes', async () => {
      const old = await credentialFor(30 * DAY_MS)
      const loads: Array<PromiseWithResolvers<Credential>> = []
      await watch(() => {
        const load = Promise.withResolvers<Credential>()
        return loads.push(load) === 1 ? old : load.promise
      })
      tick(20 * DAY_MS)
      assert.deepEqual([loads.length, warnings], [2, []], 'it is asked for first')
      loads[1]?.resolve(old)
      await until(() => warnings.length === 1, 'the warning')
      tick(10_000)
      assert.equal(loads.length, 3)
      loads[2]?.resolve(await credentialFor(30 * DAY_MS))
      await until(() => warnings.length === 2, 'it is taken back')
      assert.equal(warnings[1], null)
      tick(DAY_MS)
      assert.equal(warnings.length, 2)
    })

    it('not when it is renewed in time, and while that takes no longer than 30 s', async () => {
      const old = await credentialFor(30 * DAY_MS)
      const load = Promise.withResolvers<Credential>()
      let asks = 0
      await watch(() => (asks++ === 0 ? old : load.promise))
      tick(20 * DAY_MS)
      tick(29_000)
      assert.deepEqual([asks, warnings], [2, []])
      tick(1_000)
      assert.equal(warnings.length, 1)
    })
  })
})
