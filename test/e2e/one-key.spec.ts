import assert from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import { NexusError } from '../../src/errors.ts'
import type { Credential } from '../../src/identity/credential.ts'
import type { NexusOptions } from '../../src/node/options.ts'
import type { Nexus } from '../../src/types.ts'
import { LOOPBACK_TCP, TestMesh } from '../support/mesh.ts'
import { BlockProcess } from '../support/process.ts'
import { until } from '../support/until.ts'

/** How often the second one tries, in each case: 20 as `ONE_KEY_TRIES=20 npm test test/e2e/one-key.spec.ts`. */
const TRIES = Number(process.env.ONE_KEY_TRIES ?? 2)
const CALL_EVERY_MS = 20
const PUBLISH_EVERY_MS = 25

describe('two processes with one credential', function () {
  this.timeout(20_000 + TRIES * 10_000)

  let mesh: TestMesh
  let bootstrap: string[]
  let credential: Credential
  let caller: Nexus
  const processes: BlockProcess[] = []

  beforeEach(async () => {
    mesh = await TestMesh.create()
    bootstrap = (await mesh.relay()).addresses.slice(0, 1)
    credential = await mesh.network.credentialFor({ uid: 'anna', resource: 'shared' })
    caller = await mesh.block({ resource: 'caller' }, { bootstrap })
  })

  afterEach(async () => {
    await Promise.all(processes.splice(0).map((block) => block.kill()))
    await mesh.stop()
  })

  /** A process that has joined with the credential. */
  async function start(options: Partial<NexusOptions> = {}): Promise<BlockProcess> {
    const block = new BlockProcess()
    processes.push(block)
    await block.run('start', { credential, listen: [LOOPBACK_TCP], bootstrap, ...options })
    await block.run('serve')
    return block
  }

  const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
    promise.then(
      () => 'it joined',
      (error: unknown) => error
    )

  /** Until the worker is found: it says that it is there, and that takes its time. */
  const untilCalled = (): Promise<void> =>
    until(
      () =>
        caller.api({ app: 'etest', resource: 'shared', cmd: 'whoami' }).then(
          () => true,
          () => false
        ),
      'an answer of the worker',
      10_000
    )

  for (const [how, listen] of [
    ['directly', [LOOPBACK_TCP]],
    ['through a relay', []]
  ] as Array<[string, string[]]>) {
    it(`refuses the second ${how}, ${TRIES} times, and the first loses nothing`, async () => {
      const first = await start({ listen })
      await first.run('subscribe', 'news')
      await untilCalled()
      const load = new Load(caller)

      for (let count = 0; count < TRIES; count++) {
        const failure = await failureOf(start({ listen }))
        assert.ok(failure instanceof NexusError, String(failure))
        assert.deepEqual([failure.code, failure.reason], ['REFUSED', 'IN_USE'])
        assert.match(
          failure.message,
          /this block's key is in use by etest-anna-owner@\S+\/shared at \/ip4\/127\.0\.0\.1\//
        )
        assert.match(failure.message, /: stop that one, or give this block a credential of its own$/)
      }

      const { calls, published } = await load.end()
      assert.ok(calls > 10 && published > 10, `${calls} calls, ${published} messages`)
      const bodies = async (): Promise<number> =>
        (await first.run('received')).filter(({ kind }) => kind === 'news').length
      await until(async () => (await bodies()) === published, 'every message')
      assert.equal((await first.run('status')).state, 'online')
    })

    it(`lets in at once who was killed and starts again ${how}, ${TRIES} times`, async () => {
      let block = await start({ listen })
      await untilCalled()

      for (let count = 0; count < TRIES; count++) {
        await block.kill()
        // The process is loaded before: what counts is the time until it is in.
        block = new BlockProcess()
        processes.push(block)
        await block.run('received')
        const began = performance.now()
        await block.run('start', { credential, bootstrap, listen })
        const tookMs = performance.now() - began
        assert.ok(tookMs < 3_000, `it was in after ${tookMs.toFixed()} ms`)
        await block.run('serve')
        await untilCalled()
      }
    })
  }

  it('replaces one that answers nothing for 2 s; it comes back as the first one when it lives', async () => {
    const first = await start()
    first.child.kill('SIGSTOP')
    const began = performance.now()
    const second = await start()
    assert.ok(performance.now() - began > 1_900, 'it was asked')
    first.child.kill('SIGCONT')
    await until(async () => (await first.run('status')).state === 'online', 'the first is back', 10_000)
    await until(async () => (await second.run('status')).reason === 'REFUSED', 'the second is out', 10_000)
    assert.match((await second.run('status')).message, /key is in use/)
  })
})

describe('one credential at two relays', function () {
  this.timeout(60_000)

  it('is of the one that was there first', async () => {
    await using mesh = await twoRelays()
    const { relays, join, states } = mesh
    await join(relays[0])
    // Of two that come within 5 s of each other the smaller number stays.
    await delay(5_000)
    const failure = await join(relays[1]).catch((error: unknown) => error)
    assert.ok(failure instanceof NexusError, String(failure))
    assert.deepEqual([failure.code, failure.reason], ['REFUSED', 'IN_USE'])
    assert.deepEqual(states(), ['online'])
  })

  it('is of one within 5 s when two start at once', async () => {
    for (let count = 0; count < TRIES; count++) {
      await using mesh = await twoRelays()
      const { relays, join, states } = mesh
      await Promise.allSettled([join(relays[0]), join(relays[1])])
      await until(() => states().filter((state) => state === 'online').length === 1, 'one stays', 5_000)
      // It stays so: the other one asks again and again.
      await delay(500)
      assert.equal(states().filter((state) => state === 'online').length, 1)
    }
  })

  async function twoRelays() {
    const mesh = await TestMesh.create()
    const first = await mesh.relay()
    const second = await mesh.relay({ bootstrap: first.addresses.slice(0, 1) })
    await until(() => second.status().peers === 1 && first.status().peers === 1, 'the relays know each other')
    const credential = await mesh.network.credentialFor()
    const blocks: Nexus[] = []
    return {
      relays: [first.addresses.slice(0, 1), second.addresses.slice(0, 1)] as const,
      states: () => blocks.map(({ status }) => status.state),
      join: async (bootstrap: string[]) => {
        const { createNexus } = await import('../../src/index.ts')
        const nexus = mesh.keep(await createNexus({ credential, bootstrap, listen: [] }))
        blocks.push(nexus)
        return nexus
      },
      [Symbol.asyncDispose]: () => mesh.stop()
    }
  }
})

/** Calls one after the other and messages, none of which may fail. */
class Load {
  readonly #stopping = new AbortController()
  readonly #running: Promise<[number, number]>

  constructor(caller: Nexus) {
    this.#running = Promise.all([
      this.#repeat(CALL_EVERY_MS, (id) =>
        caller.api({ app: 'etest', resource: 'shared', cmd: 'count', body: { id }, timeoutMs: 2_000 })
      ),
      this.#repeat(PUBLISH_EVERY_MS, (id) => caller.publish('news', id))
    ])
  }

  /** Gives how many there were. Rejects when one failed. */
  async end(): Promise<{ calls: number; published: number }> {
    this.#stopping.abort()
    const [calls, published] = await this.#running
    return { calls, published }
  }

  async #repeat(everyMs: number, act: (id: number) => Promise<unknown>): Promise<number> {
    let count = 0

    while (!this.#stopping.signal.aborted) {
      await act(count++)
      await delay(everyMs)
    }
    return count
  }
}
