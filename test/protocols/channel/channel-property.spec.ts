import assert from 'node:assert/strict'
import fc from 'fast-check'
import type { Certificate } from '../../../src/identity/certificate.ts'
import { identityOf } from '../../../src/identity/certificate.ts'
import { BODY_RAW } from '../../../src/protocols/body/body.ts'
import { ChannelCipher, NONCE_BYTES } from '../../../src/protocols/channel/cipher.ts'
import { ChannelInbox } from '../../../src/protocols/channel/inbox.ts'
import { ChannelBatch, ChannelItems } from '../../../src/protocols/pb/channel.ts'
import { log } from '../../support/calls.ts'
import { TEST_NETWORK, testNetwork } from '../../support/identities.ts'
import { until } from '../../support/until.ts'

const RUNS = { numRuns: 40 }
const CHANNEL = { network: TEST_NETWORK, name: 'news' }
const bytes = fc.uint8Array({ maxLength: 300 })
const nonce = fc.uint8Array({ minLength: NONCE_BYTES, maxLength: NONCE_BYTES })
const epoch = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })
const first = fc.nat({ max: Number.MAX_SAFE_INTEGER })
const sender = fc.string({ minLength: 1, maxLength: 60 })
const name = fc.string({ minLength: 1, maxLength: 50 })
const secret = fc.option(fc.string({ minLength: 1 }), { nil: undefined })
const item = fc.record({ body: bytes, type: fc.nat(3) }, { noNullPrototype: true })

const plain = (value: Uint8Array): Uint8Array<ArrayBuffer> => new Uint8Array(value)

describe('channel batches, of any content', () => {
  let certificate: Certificate

  before(async () => {
    const network = await testNetwork()
    certificate = await network.verifier().verify(await network.certificateFor())
  })

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(
        epoch,
        first,
        nonce,
        bytes,
        fc.array(item, { maxLength: 5 }),
        (ofEpoch, number, iv, ciphertext, items) => {
          const batch = { epoch: ofEpoch, first: number, nonce: iv, ciphertext }
          const read = ChannelBatch.decode(ChannelBatch.encode(batch))
          assert.deepEqual({ ...read, nonce: plain(read.nonce), ciphertext: plain(read.ciphertext) }, batch)
          const { items: readItems } = ChannelItems.decode(ChannelItems.encode({ items }))
          assert.deepEqual(
            readItems.map(({ body, type }) => ({ body: plain(body), type })),
            items
          )
        }
      ),
      RUNS
    )
  })

  it('opens what was sealed under the same name, secret, sender, epoch and number', async () => {
    await fc.assert(
      fc.asyncProperty(
        name,
        secret,
        sender,
        epoch,
        first,
        nonce,
        bytes,
        async (channel, key, from, ofEpoch, number, iv, text) => {
          const head = { sender: from, epoch: ofEpoch, first: number }
          const init = { network: TEST_NETWORK, name: channel, ...(key === undefined ? {} : { secret: key }) }
          const sealed = await new ChannelCipher(init).seal(head, plain(iv), plain(text))
          assert.equal(sealed.length, text.length + 16)
          assert.deepEqual(await new ChannelCipher(init).open(head, plain(iv), sealed), plain(text))
        }
      ),
      RUNS
    )
  })

  it('opens nothing when any one of these, or of its bytes, is another', async () => {
    const changes = fc.constantFrom('sender', 'epoch', 'first', 'name', 'secret', 'network', 'nonce', 'ciphertext')
    const cipher = new ChannelCipher(CHANNEL)
    const others: Record<string, ChannelCipher> = {
      name: new ChannelCipher({ ...CHANNEL, name: 'new' }),
      secret: new ChannelCipher({ ...CHANNEL, secret: 's' }),
      network: new ChannelCipher({ ...CHANNEL, network: 'elsewhere.example' })
    }
    await fc.assert(
      fc.asyncProperty(
        changes,
        sender,
        epoch,
        first,
        nonce,
        bytes,
        fc.nat(),
        async (change, from, ofEpoch, number, iv, text, at) => {
          const head = { sender: from, epoch: ofEpoch, first: number }
          const sealed = await cipher.seal(head, plain(iv), plain(text))
          const other = {
            ...head,
            ...(change === 'sender' ? { sender: `${from}x` } : {}),
            ...(change === 'epoch' ? { epoch: ofEpoch ^ 1n } : {}),
            ...(change === 'first' ? { first: number === 0 ? 1 : number - 1 } : {})
          }
          const [otherIv, otherBytes] = [plain(iv), plain(sealed)]

          if (change === 'nonce') {
            otherIv[at % otherIv.length]! ^= 1
          } else if (change === 'ciphertext') {
            otherBytes[at % otherBytes.length]! ^= 1
          }
          await assert.rejects((others[change] ?? cipher).open(other, otherIv, otherBytes), { name: 'OperationError' })
        }
      ),
      RUNS
    )
  })

  it('hands out the good batch that comes after any number of others, and throws nothing', async () => {
    const cipher = new ChannelCipher(CHANNEL)
    const peerId = 'somebody'
    const seal = async (ofEpoch: bigint, number: number, plaintext: Uint8Array): Promise<Uint8Array> => {
      const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES))
      const ciphertext = await cipher.seal({ sender: peerId, epoch: ofEpoch, first: number }, iv, plain(plaintext))
      return ChannelBatch.encode({ epoch: ofEpoch, first: number, nonce: iv, ciphertext })
    }
    const batch = fc.record({ epoch, first, nonce: fc.uint8Array({ maxLength: 20 }), ciphertext: bytes })
    const unreadable = fc.oneof(bytes, batch.map(ChannelBatch.encode))
    const readable = fc.tuple(
      epoch,
      first,
      fc.oneof(
        bytes,
        fc.array(item).map((items) => ChannelItems.encode({ items }))
      )
    )
    await fc.assert(
      fc.asyncProperty(
        fc.array(unreadable, { maxLength: 4 }),
        fc.array(readable, { maxLength: 4 }),
        async (bad, odd) => {
          const onHandlerError = (error: unknown): void => assert.ifError(error)
          const inbox = new ChannelInbox({
            name: CHANNEL.name,
            self: identityOf(certificate),
            cipher,
            clock: Date.now,
            onHandlerError,
            log
          })
          const got: unknown[] = []
          inbox.add({ handler: ({ body, from }) => got.push(from.peerId === 'another' ? body : undefined) })
          const receive = (payload: Uint8Array, from = peerId): void =>
            void inbox.receive({
              topic: 'any',
              certificate: { ...certificate, peerId: from },
              payload,
              time: Date.now(),
              mayHaveWaited: false
            })

          for (const payload of [...bad, ...(await Promise.all(odd.map((parts) => seal(...parts))))]) {
            receive(payload)
          }
          const last = { epoch: 1n, first: 0, nonce: new Uint8Array(NONCE_BYTES) }
          const items = ChannelItems.encode({ items: [{ body: Uint8Array.of(42), type: BODY_RAW }] })
          const ciphertext = await cipher.seal({ sender: 'another', ...last }, last.nonce, plain(items))
          receive(ChannelBatch.encode({ ...last, ciphertext }), 'another')
          await until(() => got.some((body) => body !== undefined), 'the good one')
          assert.deepEqual(got.at(-1), Uint8Array.of(42))
          assert.ok(inbox.unreadable >= bad.length, 'those that cannot be read are counted')
          inbox.stop()
        }
      ),
      RUNS
    )
  })
})
