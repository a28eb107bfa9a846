import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { defaultLogger } from '@libp2p/logger'
import type { BodyVectors } from '../../../scripts/vectors-channels.ts'
import type { Certificate } from '../../../src/identity/certificate.ts'
import { identityOf } from '../../../src/identity/certificate.ts'
import { ChannelCipher } from '../../../src/protocols/channel/cipher.ts'
import { ChannelInbox } from '../../../src/protocols/channel/inbox.ts'
import type { ChannelMessage } from '../../../src/types.ts'
import { TEST_NETWORK, type TestNetwork, testNetwork } from '../../support/identities.ts'
import { waitFor } from '../../support/wait-for.ts'

interface Opened {
  inbox: ChannelInbox
  messages: ChannelMessage[]
  receive: (payload: string, sender: string) => void
}

describe('channel inbox', () => {
  let vectors: BodyVectors
  let network: TestNetwork
  let certificate: Certificate
  const opened: ChannelInbox[] = []

  before(async () => {
    vectors = JSON.parse(await readFile(new URL('../../vectors/channel-bodies.json', import.meta.url), 'utf8'))
    network = await testNetwork()
    certificate = await network.verifier().verify(await network.certificateFor())
  })

  afterEach(() => {
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
      log
    })
    const messages: ChannelMessage[] = []
    opened.push(inbox)
    inbox.add({ handler: (message) => messages.push(message) })
    const receive = (payload: string, sender: string) =>
      inbox.receive({
        topic: 'any',
        certificate: { ...certificate, peerId: sender },
        payload: Uint8Array.from(Buffer.from(payload, 'hex'))
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
  })
})
