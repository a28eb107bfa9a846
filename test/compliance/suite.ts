import assert from 'node:assert/strict'
import { MAX_CHANNEL_BODY_BYTES } from '../../src/constants.ts'
import type { Nexus } from '../../src/types.ts'
import { until } from '../support/until.ts'

/** Two blocks that reach each other by the transport under test: a worker of `etest`, and a caller with its service. */
export interface CompliancePair {
  worker: Nexus
  caller: Nexus
  stop: () => Promise<void>
}

const MIB = 1024 * 1024

/** What every transport must carry. */
export function complianceSuite(transport: string, create: () => Promise<CompliancePair>): void {
  describe(`the protocols over ${transport}`, function () {
    this.timeout(30_000)

    let pair: CompliancePair
    let worker: Nexus
    let caller: Nexus

    before(async () => {
      pair = await create()
      ;({ worker, caller } = pair)
      worker.handle('echo', ({ body }) => body)
      worker.handle('whoami', ({ from }) => from)
      worker.handle('fail', () => {
        throw new Error('a secret of the worker')
      })
    })

    after(() => pair.stop())

    it('finds the worker', async () => {
      assert.deepEqual(await caller.find({ app: 'etest' }), [worker.identity])
    })

    it('calls a command, whose handler is given the verified caller', async () => {
      const from = await caller.api<object>({ app: 'etest', cmd: 'whoami', body: { uid: 'somebody else' } })
      assert.deepEqual(from, { ...caller.identity })
    })

    for (const [what, body] of [
      ['null', null],
      ['text', 'täxt ☃'],
      ['nested JSON', { list: [1, { a: null }], text: 'x' }],
      ['raw bytes', Uint8Array.from({ length: 1_000 }, (_, i) => i % 256)],
      ['3 MiB of text', 'x'.repeat(3 * MIB)],
      ['4 MiB of bytes', new Uint8Array(4 * MIB).fill(7)]
    ] as const) {
      it(`brings ${what} there and back`, async () => {
        assert.deepEqual(await caller.api({ app: 'etest', cmd: 'echo', body: body as never }), body)
      })
    }

    it('answers a small call while large ones are on their way', async () => {
      let largeDone = 0
      const large = Array.from({ length: 4 }, () =>
        caller.api({ app: 'etest', cmd: 'echo', body: new Uint8Array(4 * MIB) }).then(() => largeDone++)
      )
      await caller.api({ app: 'etest', cmd: 'echo', body: 'small' })
      assert.ok(largeDone < large.length, 'the small one did not wait for all of them')
      await Promise.all(large)
    })

    it('refuses a body over the limit, here and there', async () => {
      const body = new Uint8Array(4 * MIB + 1)
      await assert.rejects(caller.api({ app: 'etest', cmd: 'echo', body }), { code: 'TOO_LARGE' })
    })

    it('carries 1,000 calls at a time', async () => {
      const answers = await Promise.all(
        Array.from({ length: 1_000 }, (_, body) => caller.api<number>({ app: 'etest', cmd: 'echo', body }))
      )
      assert.deepEqual(
        answers,
        Array.from({ length: 1_000 }, (_, i) => i)
      )
    })

    it('says that a handler failed, and not why', async () => {
      await assert.rejects(caller.api({ app: 'etest', cmd: 'fail' }), (error: Error & { code: string }) => {
        assert.equal(error.code, 'HANDLER_FAILED')
        assert.doesNotMatch(`${error.message} ${error.cause}`, /secret/)
        return true
      })
    })

    it('tells an unknown command and an app that nobody serves', async () => {
      await assert.rejects(caller.api({ app: 'etest', cmd: 'nothing' }), { code: 'NO_HANDLER' })
      await assert.rejects(caller.api({ app: 'nobody', cmd: 'echo' }), { code: 'NO_WORKER' })
    })

    it('cancels the handler with the caller, and when the time is over', async () => {
      let begun = 0
      const ends: string[] = []
      const remove = worker.handle('wait', ({ signal }) => {
        begun++
        signal.addEventListener('abort', () => ends.push((signal.reason as { code: string }).code))
        return new Promise(() => undefined)
      })
      const controller = new AbortController()
      const cancelled = assert.rejects(caller.api({ app: 'etest', cmd: 'wait', signal: controller.signal }), {
        code: 'CANCELLED'
      })
      await until(() => begun === 1, 'its handler has begun')
      controller.abort()
      await cancelled
      await until(() => ends.length === 1, 'its handler hears of it')
      await assert.rejects(caller.api({ app: 'etest', cmd: 'wait', timeoutMs: 1_000 }), { code: 'TIMEOUT' })
      await until(() => ends.length === 2, 'the other handler hears of it')
      assert.equal(ends[0], 'CANCELLED')
      remove()
    })

    it('brings a direct to the worker, and takes none back', async () => {
      const received: unknown[] = []
      const remove = worker.onDirect((message) => received.push(message))
      await caller.direct({ app: 'etest', body: { hello: 1 } })
      assert.deepEqual(received, [{ body: { hello: 1 }, from: caller.identity }])
      remove()
      await assert.rejects(caller.direct({ app: 'etest', body: 1 }), { code: 'NO_HANDLER' })
      assert.throws(() => caller.onDirect(() => undefined), { code: 'FORBIDDEN' })
      assert.throws(() => caller.handle('x', () => undefined), { code: 'FORBIDDEN' })
    })

    it('broadcasts on a channel, own messages included', async () => {
      const got: Array<[string, unknown, string, boolean]> = []
      const subscriptions = await Promise.all([
        worker.subscribe('news', ({ body, from, itsMe }) => got.push(['worker', body, from.jid, itsMe])),
        caller.subscribe('news', ({ body, from, itsMe }) => got.push(['caller', body, from.jid, itsMe]))
      ])
      await caller.publish('news', { n: 1 })
      await until(() => got.length === 2, 'both got it')
      const { jid } = caller.identity
      assert.deepEqual(got.sort(), [
        ['caller', { n: 1 }, jid, true],
        ['worker', { n: 1 }, jid, false]
      ])
      await Promise.all(subscriptions.map((subscription) => subscription.unsubscribe()))
    })

    it('keeps a message whole that is as large as a body may be', async () => {
      const body = new Uint8Array(MAX_CHANNEL_BODY_BYTES).fill(9)
      const got: unknown[] = []
      const subscription = await worker.subscribe('large', (message) => got.push(message.body))
      assert.ok((await caller.publish('large', body)) >= 1)
      await until(() => got.length === 1, 'it arrives')
      assert.deepEqual(got[0], body)
      await subscription.unsubscribe()
    })
  })
}
