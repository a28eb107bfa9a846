import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { defaultLogger } from '@libp2p/logger'
import type { BodyVectors } from '../../../scripts/vectors-channels.ts'
import type { Certificate } from '../../../src/identity/certificate.ts'
import { identityOf } from '../../../src/identity/certificate.ts'
import { ChannelCipher } from '../../../src/protocols/channel/cipher.ts'
import { GAP_NOTICE_MS } from '../../../src/protocols/channel/epoch-state.ts'
import { ChannelInbox } from '../../../src/protocols/channel/inbox.ts'
import { ChannelBatch, ChannelItems } from '../../../src/protocols/pb/channel.ts'
import type { ChannelMessage, HandlerErrorContext } from '../../../src/types.ts'
import { TEST_NETWORK, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

interface Opened {
  inbox: ChannelInbox
  messages: ChannelMessage[]
  receive: (payload: string, sender: string) => void
}

/** The wall's, when the other clock shows 0. */
const CLOCK_MS = 1_700_000_000_000

interface Sending {
  /** How far the sender's clock is ahead. */
  ahead?: number
  /** When the epoch began, on the subscriber's clock that never runs backwards. */
  began?: number
  /** It is refused for its time. */
  late?: boolean
  body?: number[]
  type?: number
}

describe('channel inbox', () => {
  let vectors: BodyVectors
  let network: TestNetwork
  let certificate: Certificate
  const opened: ChannelInbox[] = []
  const failures: Array<{ error: unknown; context: HandlerErrorContext }> = []

  before(async () => {
    vectors = JSON.parse(await readFile(new URL('../../vectors/channel-bodies.json', import.meta.url), 'utf8'))
    network = await testNetwork()
    certificate = await network.verifier().verify(await network.certificateFor())
  })

  afterEach(() => {
    failures.length = 0
    for (const inbox of opened.splice(0)) {
      inbox.stop()
    }
  })

  function open(init: { network: string; name: string; secret?: string }): Opened {
    const log = defaultLogger().forComponent('nexus:test')
    const inbox = new ChannelInbox({
      name: init.name,
      self: identityOf(certificate),
      cipher: new ChannelCipher(init),
      clock: Date.now,
      onHandlerError: (error, context) => void failures.push({ error, context }),
      log
    })
    const messages: ChannelMessage[] = []
    opened.push(inbox)
    inbox.add({ handler: (message) => messages.push(message) })
    const receive = (payload: string, sender: string) =>
      inbox.receive({
        topic: 'any',
        certificate: { ...certificate, peerId: sender },
        payload: Uint8Array.from(Buffer.from(payload, 'hex')),
        time: Date.now(),
        mayHaveWaited: false
      })
    return { inbox, messages, receive }
  }

  it('hands out what the vectors hold', async () => {
    for (const { channel, secret, network, payload, sender, first, items } of vectors.good) {
      const { messages, receive } = open({ network, name: channel, secret })
      receive(payload, sender)
      await waitFor('all messages', () => messages.length === items.length)
      assert.deepEqual(
        messages.map(({ seq }) => seq),
        items.map((_, index) => first + index)
      )
      assert(messages.every(({ from }) => from.peerId === sender && from.network === TEST_NETWORK))
    }
  })

  it('drops and counts what it cannot read, and goes on', async () => {
    const good = vectors.good[0]!

    for (const { name, network, channel, secret, payload, sender } of vectors.bad) {
      const { inbox, receive } = open({ network, name: channel, secret })
      receive(payload, sender)
      await waitFor(name, () => inbox.unreadable === 1)
    }

    const { inbox, messages, receive } = open({ network: good.network, name: good.channel })
    receive(vectors.bad.find(({ name }) => name === 'a changed byte')!.payload, good.sender)
    receive(good.payload, good.sender)
    await waitFor('the message', () => messages.length === 1)
    assert.equal(inbox.unreadable, 1)
    assert.deepEqual(messages[0]!.body, { hi: true })
  })

  it('hands out a repeat once', async () => {
    const [one, batch] = vectors.good
    const { messages, receive } = open({ network: one!.network, name: one!.channel })

    for (const { payload, sender } of [one!, batch!, one!, batch!]) {
      receive(payload, sender)
    }
    await waitFor('four messages', () => messages.length >= 4)
    receive(vectors.good[3]!.payload, vectors.good[3]!.sender)
    await waitFor('one more', () => messages.length >= 5)
    assert.deepEqual(
      messages.map(({ seq }) => seq),
      [0, 41, 42, 43, 0]
    )
  })

  it('keeps handlers from each other', async () => {
    const { inbox, messages, receive } = open({ network: vectors.good[0]!.network, name: vectors.good[0]!.channel })
    const others: unknown[] = []
    inbox.add({
      handler: ({ body }: ChannelMessage<{ hi: string }>) => {
        others.push(body)
        body.hi = 'changed'
        throw new Error('a handler that throws')
      }
    })
    inbox.add({ handler: async ({ body }) => Promise.reject(new Error(`a handler that rejects ${others.push(body)}`)) })
    receive(vectors.good[0]!.payload, vectors.good[0]!.sender)
    await waitFor('the other handlers', () => others.length === 2)
    assert.deepEqual([messages[0]!.body, others[1]], [{ hi: true }, { hi: true }])
    await waitFor('both failures', () => failures.length === 2)
    assert.deepEqual(
      failures.map(({ error, context }) => [String(error), context.kind]),
      [
        ['Error: a handler that throws', 'channel'],
        ['Error: a handler that rejects 2', 'channel']
      ]
    )
  })

  describe('gaps', () => {
    /** What the subscriber's clocks say; those that never run backwards begin elsewhere. */
    let now: number
    let cipher: ChannelCipher
    let inbox: ChannelInbox

    beforeEach(() => {
      now = 1_000_000
      cipher = new ChannelCipher({ network: TEST_NETWORK, name: 'gaps' })
      inbox = new ChannelInbox({
        name: 'gaps',
        self: identityOf(certificate),
        cipher,
        clock: () => CLOCK_MS + now,
        now: () => now,
        onHandlerError: (error, context) => void failures.push({ error, context }),
        log: defaultLogger().forComponent('nexus:test')
      })
      opened.push(inbox)
    })

    const subscribe = (): { gaps: number[]; heard: number[] } => {
      const heard: number[] = []
      const gaps: number[] = []
      const handler = ({ seq }: ChannelMessage): void => void heard.push(seq)
      inbox.add({ order: 'arrival', handler, onGap: ({ missed }) => gaps.push(missed) }).markKnown()
      return { gaps, heard }
    }

    /** A message as its sender, whose clock is that far ahead, sends it now. */
    async function send(
      first: number,
      { ahead = 0, began, late = false, body = [1], type = 1 }: Sending
    ): Promise<void> {
      const nonce = new Uint8Array(12).fill(first)
      const items = ChannelItems.encode({ items: [{ body: Uint8Array.from(body), type }] })
      const head = { sender: 'sender', epoch: 7n, first }
      const epochBegan = began === undefined ? undefined : CLOCK_MS + ahead + began
      const message = {
        topic: 'any',
        certificate: { ...certificate, peerId: 'sender' },
        payload: ChannelBatch.encode({
          ...head,
          nonce,
          ciphertext: Uint8Array.from(await cipher.seal(head, nonce, items)),
          epochBegan
        }),
        time: CLOCK_MS + ahead + now,
        mayHaveWaited: false
      }

      if (late) {
        inbox.receiveLate(message)
      } else {
        inbox.receive(message)
      }
    }

    for (const ahead of [0, 50_000, -50_000]) {
      it(`from before the first message are told to older subscriptions than the epoch alone, with a clock ${ahead} ms ahead`, async () => {
        const older = subscribe()
        const began = now + 1_000
        now += 1_001
        const younger = subscribe()
        now += 20_000
        await send(50, { ahead, began })
        await waitFor('the message', () => older.heard.length === 1)
        now += GAP_NOTICE_MS
        await waitFor('the gap', () => older.gaps.length > 0)
        now += 60_000
        await send(53, { ahead, began })
        await waitFor('the next message', () => older.heard.length === 2)
        now += GAP_NOTICE_MS
        await waitFor('the next gap', () => older.gaps.length > 1)
        assert.deepEqual([older.gaps, younger.gaps], [[50, 2], [2]])
      })
    }

    it('from before the first message are not told when the sender does not say how old its epoch is', async () => {
      const { gaps, heard } = subscribe()
      now += 60_000
      await send(50, {})
      await send(52, {})
      await waitFor('the messages', () => heard.length === 2)
      now += GAP_NOTICE_MS
      await waitFor('the gap', () => gaps.length > 0)
      assert.deepEqual(gaps, [1])
    })

    it('that were found are not told to who subscribed since', async () => {
      const first = subscribe()
      await send(0, {})
      await send(2, {})
      await waitFor('the messages', () => first.heard.length === 2)
      now += 1
      const second = subscribe()
      now += GAP_NOTICE_MS
      await waitFor('the gap', () => first.gaps.length > 0)
      assert.deepEqual([first.gaps, second.gaps], [[1], []])
    })

    it('are told for messages that were refused for their time, if they were sent since the subscription', async () => {
      const { gaps, heard } = subscribe()
      await send(1, { ahead: -70_000, late: true })
      await send(5, { ahead: 0 })
      await waitFor('a message', () => heard.length === 1)
      assert.deepEqual(gaps, [], 'it may be one from before that somebody kept')
      await send(6, { ahead: -70_000, late: true })
      await waitFor('the gap', () => gaps.length > 0)
      assert.deepEqual(gaps, [1], 'of a known epoch')
    })

    it('are told for all messages of a sender whose clock is wrong', async () => {
      const { gaps, heard } = subscribe()
      now += 700_000
      await send(1, { ahead: -600_000, late: true })
      await send(2, { ahead: -600_000, late: true })
      await send(2, { ahead: -600_000, late: true })
      await waitFor('the gaps', () => gaps.length === 2)
      assert.deepEqual([gaps, heard], [[1, 1], []])
    })

    it('are told to all, whatever onGap throws, or its promise is rejected with', async () => {
      const failing = (onGap: () => unknown) => inbox.add({ handler: () => undefined, onGap }).markKnown()
      failing(() => Promise.reject(new Error('one')))
      failing(() => {
        throw new Error('two')
      })
      const { gaps } = subscribe()
      await send(0, { body: [123], type: 0 })
      await waitFor('both failures', () => failures.length === 2)
      const shown = failures.map(({ error, context }) => [String(error), context.kind])
      assert.deepEqual(shown.sort(), [
        ['Error: one', 'gap'],
        ['Error: two', 'gap']
      ])
      assert.deepEqual(gaps, [1])
    })

    it('are told for bodies that are none', async () => {
      const { gaps, heard } = subscribe()
      await send(0, { body: [123], type: 0 })
      await send(1, {})
      await waitFor('the other message', () => heard.length === 1)
      assert.deepEqual([gaps, heard, failures], [[1], [1], []])
    })
  })
})
