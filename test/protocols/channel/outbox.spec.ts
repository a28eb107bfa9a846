import assert from 'node:assert/strict'
import { MAX_BATCH_BYTES } from '../../../src/constants.ts'
import { ByteBudget } from '../../../src/lib/byte-budget.ts'
import { ChannelCipher } from '../../../src/protocols/channel/cipher.ts'
import { ChannelOutbox } from '../../../src/protocols/channel/outbox.ts'
import { ChannelBatch } from '../../../src/protocols/pb/channel.ts'
import { TEST_NETWORK } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

interface Sent {
  first: number
  numbers: number[]
  /** Ends the publishing of this batch. */
  done: (recipients: number) => void
  fail: (error: Error) => void
}

const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

describe('channel outbox', () => {
  let sent: Sent[]
  let own: number[][]
  let budget: ByteBudget
  let outbox: ChannelOutbox

  beforeEach(() => open(1_000_000_000))

  function open(limitBytes: number): void {
    sent = []
    own = []
    budget = new ByteBudget(limitBytes)
    outbox = new ChannelOutbox({
      self: 'me',
      clock: Date.now,
      cipher: new ChannelCipher({ network: TEST_NETWORK, name: 'outbox' }),
      budget,
      ready: () => undefined,
      onSend: (first, items) => own.push(items.map((_, index) => first + index)),
      publish: (payload) =>
        new Promise((done, fail) => {
          sent.push({ first: ChannelBatch.decode(payload).first, numbers: own.at(-1)!, done, fail })
        })
    })
  }

  const body = (bytes: number) => ({ type: 1, bytes: new Uint8Array(bytes) })

  it('sends what comes meanwhile together', async () => {
    const first = outbox.send(body(1))
    await waitFor('the first', () => sent.length === 1)
    const rest = [outbox.send(body(1)), outbox.send(body(1))]
    sent[0]!.done(7)
    assert.equal(await first, 7)
    await waitFor('the rest', () => sent.length === 2)
    assert.deepEqual(
      sent.map(({ numbers }) => numbers),
      [[0], [1, 2]]
    )
    sent[1]!.done(8)
    assert.deepEqual(await Promise.all(rest), [8, 8])
    await outbox.onIdle()
    assert.equal(budget.used, 0)
  })

  describe('with one message after the other', () => {
    const { setTimeout } = globalThis
    let timers: number

    beforeEach(() => {
      timers = 0
      globalThis.setTimeout = Object.assign((...args: Parameters<typeof setTimeout>) => {
        timers += (args[1] ?? 0) < 100 ? 1 : 0
        return setTimeout(...args)
      }, setTimeout)
    })

    afterEach(() => {
      globalThis.setTimeout = setTimeout
    })

    async function send(): Promise<void> {
      const { length } = sent
      const sending = outbox.send(body(1))

      while (sent.length === length) {
        await nextTurn()
      }
      sent[length]!.done(0)
      await sending
    }

    it('keeps batches a millisecond apart', async () => {
      await send()

      for (let count = 1; count < 10; count++) {
        const left = performance.now()
        const before = timers
        await nextTurn()
        const hasWaited = performance.now() - left
        await send()
        assert.ok(timers > before || hasWaited > 0.5, `batch ${count} left after ${hasWaited} ms`)
      }
    })

    it('lets who waits for each send as fast as it goes', async () => {
      for (let count = 0; count < 5; count++) {
        await send()
      }
      assert.equal(timers, 0)
    })
  })

  it('closes a batch at its size, and sends what is larger alone', async () => {
    const sizes = [1, MAX_BATCH_BYTES - 1, 1, 2 * MAX_BATCH_BYTES, 1]
    const sending = sizes.map((size) => outbox.send(body(size)))

    for (const expected of [[0, 1], [2], [3], [4]]) {
      await waitFor('a batch', () => sent.length === 1)
      const { numbers, done } = sent.pop()!
      assert.deepEqual(numbers, expected)
      done(0)
    }
    await Promise.all(sending)
  })

  it('waits for room, and gives it back', async () => {
    open(1_000)
    const large = outbox.send(body(900))
    await waitFor('the first', () => sent.length === 1)
    const next = outbox.send(body(200))
    const controller = new AbortController()
    const impatient = outbox.send(body(200), { signal: controller.signal })
    controller.abort()
    await assert.rejects(impatient, { code: 'CANCELLED' })
    assert.equal(budget.used, 900)
    sent[0]!.done(0)
    await large
    await waitFor('the next', () => sent.length === 2)
    assert.equal(budget.used, 200)
    sent[1]!.done(0)
    await next
    assert.equal(budget.used, 0)
  })

  it('leaves no number out for a message that was cancelled', async () => {
    const first = outbox.send(body(1))
    await waitFor('the first', () => sent.length === 1)
    const controller = new AbortController()
    const cancelled = outbox.send(body(1), { signal: controller.signal })
    const last = outbox.send(body(1))
    await Promise.resolve()
    controller.abort()
    await assert.rejects(cancelled, { code: 'CANCELLED' })
    sent[0]!.done(0)
    await waitFor('the last', () => sent.length === 2)
    assert.deepEqual(sent[1]!.numbers, [1])
    sent[1]!.done(0)
    await Promise.all([first, last])
  })

  it('sends nothing of a message whose time was over, and gives its room back', async () => {
    open(1_000)
    const first = outbox.send(body(500))
    await waitFor('the first', () => sent.length === 1)
    const queued = outbox.send(body(400), { timeoutMs: 20 })
    const waiting = outbox.send(body(400), { timeoutMs: 20.5 })
    await Promise.all([queued, waiting].map((call) => assert.rejects(call, { code: 'TIMEOUT' })))
    assert.equal(budget.used, 500)
    sent[0]!.done(1)
    assert.equal(await first, 1)
    await outbox.onIdle()
    assert.deepEqual(own, [[0]])
    assert.equal(budget.used, 0)
  })

  it('sends a message that waited for room within the time that it has left', async () => {
    open(1_000)
    const first = outbox.send(body(900))
    await waitFor('the first', () => sent.length === 1)
    const next = outbox.send(body(900), { timeoutMs: 10_000 })
    sent[0]!.done(0)
    await waitFor('the next', () => sent.length === 2)
    sent[1]!.done(3)
    assert.deepEqual(await Promise.all([first, next]), [0, 3])
  })

  it('takes back no message that has left', async () => {
    const controller = new AbortController()
    const sending = outbox.send(body(1), { signal: controller.signal, timeoutMs: 10 })
    await waitFor('the message', () => sent.length === 1)
    controller.abort()
    const after = performance.now() + 30
    await waitFor('the end of its time', () => performance.now() > after)
    sent[0]!.done(7)
    assert.equal(await sending, 7)
  })

  it('reports a failure to all of the batch, and goes on with the next number', async () => {
    const failing = [outbox.send(body(1)), outbox.send(body(1))].map((call) =>
      assert.rejects(call, { code: 'UNREACHABLE' })
    )
    await waitFor('the batch', () => sent.length === 1)
    sent[0]!.fail(new Error('no'))
    await Promise.all(failing)
    const next = outbox.send(body(1))
    await waitFor('the next', () => sent.length === 2)
    assert.deepEqual(sent[1]!.numbers, [2])
    sent[1]!.done(0)
    await next
  })

  it('rejects what is left when it stops', async () => {
    const first = outbox.send(body(1))
    await waitFor('the first', () => sent.length === 1)
    const left = assert.rejects(outbox.send(body(1)), { code: 'STOPPED' })
    await Promise.resolve()
    outbox.stop()
    await left
    await assert.rejects(outbox.send(body(1)), { code: 'STOPPED' })
    sent[0]!.done(0)
    await first
    assert.equal(budget.used, 0)
  })
})
