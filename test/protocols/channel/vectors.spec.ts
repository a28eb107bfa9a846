import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { type BodyVectors, channelVectors, type TopicVectors } from '../../../scripts/vectors-channels.ts'
import { NexusError } from '../../../src/errors.ts'
import { deriveNodeKey } from '../../../src/node/runtime/node-channel-key.ts'
import { type DeriveChannelKey, deriveWebCryptoKey } from '../../../src/protocols/channel/channel-key.ts'
import { ChannelCipher } from '../../../src/protocols/channel/cipher.ts'
import { channelTopic, checkChannelName, leaseTopic } from '../../../src/protocols/gossip/topic-names.ts'
import { ChannelBatch, ChannelItems } from '../../../src/protocols/pb/channel.ts'

const readText = (name: string) => readFile(new URL(`../../vectors/${name}`, import.meta.url), 'utf8')
const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex, 'hex'))
const hex = (value: Uint8Array) => Buffer.from(value).toString('hex')

describe('channel vectors', () => {
  it('are what the generator writes', async () => {
    for (const [name, text] of Object.entries(channelVectors())) {
      assert.equal(text, await readText(name), `${name}: run scripts/vectors-channels.ts`)
    }
  })

  it('give the topics of channels and leases', async () => {
    const { channels, leases } = JSON.parse(await readText('topics.json')) as TopicVectors

    for (const { network, name, topic } of channels) {
      assert.equal(channelTopic(network, checkChannelName(name)), topic)
    }
    for (const { network, app, topic } of leases) {
      assert.equal(leaseTopic(network, app), topic)
    }
  })

  it('give the names that are refused', async () => {
    const { badNames } = JSON.parse(await readText('topics.json')) as TopicVectors

    for (const { name, why } of badNames) {
      assert.throws(
        () => checkChannelName(name),
        (error) => error instanceof NexusError && error.code === 'INVALID',
        why
      )
    }
  })

  for (const [what, deriveKey] of Object.entries({ WebCrypto: deriveWebCryptoKey, Node: deriveNodeKey })) {
    it(`give the bytes of batches, by ${what}`, () => checkBatches(deriveKey))
  }

  async function checkBatches(deriveKey: DeriveChannelKey): Promise<void> {
    const { good } = JSON.parse(await readText('channel-bodies.json')) as BodyVectors

    for (const vector of good) {
      const { network, channel, secret, sender, first } = vector
      const cipher = new ChannelCipher({ network, name: channel, secret, deriveKey })
      const head = { sender, epoch: BigInt(vector.epoch), first }
      const items = vector.items.map(({ type, body }) => ({ type, body: bytes(body) }))
      const plaintext = ChannelItems.encode({ items })
      assert.equal(hex(plaintext), vector.plaintext, vector.name)
      const ciphertext = await cipher.seal(head, bytes(vector.nonce), plaintext)
      assert.equal(hex(ciphertext), vector.ciphertext, vector.name)
      const batch = ChannelBatch.decode(bytes(vector.payload))
      assert.deepEqual(
        [batch.epoch, batch.first, batch.epochBegan, batch.count],
        [head.epoch, first, vector.epochBegan, vector.count],
        vector.name
      )
      const opened = await cipher.open(head, batch.nonce, batch.ciphertext)
      assert.deepEqual(
        ChannelItems.decode(opened).items.map(({ type, body }) => ({ type, body: hex(body) })),
        vector.items
      )
      const changed = batch.ciphertext.map((byte, at) => (at === 0 ? byte ^ 1 : byte))
      await assert.rejects(cipher.open(head, batch.nonce, changed), vector.name)
      await assert.rejects(cipher.open(head, batch.nonce, batch.ciphertext.slice(0, 15)), 'shorter than a tag')
      await assert.rejects(cipher.open({ ...head, first: first + 1 }, batch.nonce, batch.ciphertext), 'another number')
    }
  }
})
