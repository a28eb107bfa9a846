import assert from 'node:assert/strict'
import { type Message, TopicValidatorResult } from '@libp2p/gossipsub'
import { peerIdFromString } from '@libp2p/peer-id'
import { streamPair } from '@libp2p/utils'
import fc from 'fast-check'
import { MAX_HANDSHAKE_BYTES } from '../../../src/constants.ts'
import { NexusError } from '../../../src/errors.ts'
import { peerIdOf } from '../../../src/identity/keys.ts'
import { type HandshakeResult, shakeHands } from '../../../src/protocols/peers/handshake.ts'
import { MessageValidator } from '../../../src/protocols/gossip/message-validator.ts'
import { GossipEnvelope } from '../../../src/protocols/pb/gossip.ts'
import { Hello, Verdict } from '../../../src/protocols/pb/handshake.ts'
import { log } from '../../support/calls.ts'
import { alice, bob, frozenClock, testNetwork } from '../../support/identities.ts'

const RUNS = { numRuns: 60 }
const clock = frozenClock()
const network = await testNetwork({ clock })
const verifier = network.verifier()
const certificate = await network.certificateFor({ privateKey: alice })
const safeInteger = fc.maxSafeNat()
const uint32 = fc.nat({ max: 0xffff_ffff })
const bytes = fc.uint8Array({ maxLength: 300 })

describe('handshake messages, of any content', () => {
  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), safeInteger, fc.boolean(), (text, number, flag) => {
        const said = { certificate: text, revocationVersion: number, asksAboutTopics: flag }
        const hello = { ...said, time: number, instance: number, knowsLeaseHold: flag }
        assert.deepEqual(Hello.decode(Hello.encode(said)), said)
        assert.deepEqual(Hello.decode(Hello.encode(hello)), hello)
        const verdict = { refused: text, holder: `${text}.` }
        assert.deepEqual(Verdict.decode(Verdict.encode(verdict)), verdict)
      }),
      RUNS
    )
  })

  /** What one side makes of bytes that the other sends before it closes. */
  async function shakenBy(sent: Uint8Array[]): Promise<HandshakeResult> {
    const [stream, other] = await streamPair()
    const verify = (token: string) => verifier.verify(token)
    const init = { certificate, revocationVersion: 1, clock: Date.now, verify }
    const shaking = shakeHands(stream, init).finally(() => stream.abort(new Error('over')))
    const failing = assert.rejects(shaking)

    for (const chunk of sent) {
      other.send(chunk)
    }
    await Promise.all([other.close().catch(() => undefined), failing.catch(() => undefined)])
    return shaking
  }

  const framed = (message: Uint8Array): Uint8Array =>
    Uint8Array.of((message.length & 0x7f) | 0x80, message.length >> 7, ...message)

  it('comes through with a certificate that holds and an acceptance', async () => {
    const hello = Hello.encode({ certificate, revocationVersion: 7, asksAboutTopics: false })
    const { revocationVersion } = await shakenBy([framed(hello), framed(Verdict.encode({ refused: '', holder: '' }))])
    assert.equal(revocationVersion, 7)
  })

  it('refuses any other bytes, whole or in frames', async () => {
    const wire: fc.Arbitrary<Uint8Array[]> = fc.oneof(
      fc.array<Uint8Array>(bytes, { maxLength: 3 }),
      fc.array(bytes.map(framed), { maxLength: 3 }),
      fc.tuple(fc.string(), uint32, bytes).map(([text, revocationVersion, after]) => {
        const hello = Hello.encode({ certificate: text, revocationVersion, asksAboutTopics: false })
        return [framed(hello), framed(after)] as Uint8Array[]
      }),
      fc.constant<Uint8Array[]>([Uint8Array.of(0xff, 0x7f), new Uint8Array(MAX_HANDSHAKE_BYTES)])
    )
    await fc.assert(
      fc.asyncProperty(wire, async (chunks) => {
        await assert.rejects(shakenBy(chunks), (error) => {
          assert.ok(error instanceof NexusError, String(error))
          // What breaks off before a whole message has come is no word of the peer's.
          assert.ok(error.code === 'REFUSED' ? error.reason : error.code === 'UNREACHABLE', String(error))
          return true
        })
      }),
      // A peer that closes at once after bad bytes may be waited for up to a second.
      { numRuns: 10 }
    )
  })
})

describe('gossip envelopes, of any content', () => {
  const checker = new MessageValidator({ self: peerIdOf(bob), verifier, log })
  const envelope = fc.record(
    { certificate: fc.string(), payload: bytes, time: fc.nat({ max: Number.MAX_SAFE_INTEGER }) },
    { noNullPrototype: true }
  )
  const messageOf = (data: Uint8Array): Message => ({
    type: 'signed',
    from: peerIdFromString(peerIdOf(alice)),
    topic: '/nexus/test',
    data,
    sequenceNumber: 1n,
    signature: new Uint8Array(64),
    key: alice.publicKey
  })
  const check = (data: Uint8Array) => {
    const message = messageOf(data)
    return { message, result: checker.check(peerIdFromString(peerIdOf(bob)), message) }
  }

  it('gives back what was encoded', () => {
    fc.assert(
      fc.property(envelope, (fields) => {
        const { payload, ...others } = GossipEnvelope.decode(GossipEnvelope.encode(fields))
        assert.deepEqual({ ...others, payload: new Uint8Array(payload) }, fields)
      }),
      RUNS
    )
  })

  it('hands on any payload beside a certificate that holds', async () => {
    await fc.assert(
      fc.asyncProperty(bytes, async (payload) => {
        const { message, result } = check(GossipEnvelope.encode({ certificate, payload, time: clock() }))
        assert.equal(await result, TopicValidatorResult.Accept)
        assert.deepEqual(new Uint8Array(checker.take(message)!.payload), payload)
      }),
      RUNS
    )
  })

  it('takes no other message, and never throws', async () => {
    const now = envelope.map((fields) => GossipEnvelope.encode({ ...fields, time: clock() }))
    const late = envelope.map((fields) =>
      GossipEnvelope.encode({ ...fields, certificate, time: fields.time % 10 ** 9 })
    )
    const cut = fc
      .nat(certificate.length)
      .map((at) => GossipEnvelope.encode({ certificate, time: clock() }).subarray(0, at))
    await fc.assert(
      fc.asyncProperty(fc.oneof(bytes, envelope.map(GossipEnvelope.encode), now, late, cut), async (data) => {
        const { message, result } = check(data)
        assert.notEqual(await result, TopicValidatorResult.Accept)
        assert.equal(checker.take(message), undefined)
      }),
      RUNS
    )
  })
})
