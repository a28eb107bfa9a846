import assert from 'node:assert/strict'
import { publicKeyToProtobuf } from '@libp2p/crypto/keys'
import { RPC } from '@libp2p/gossipsub/message'
import type { PeerId, PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import { concat } from 'uint8arrays/concat'
import { fromString } from 'uint8arrays/from-string'
import { toString as textOf } from 'uint8arrays/to-string'
import { librarySignatures, nodeSignatures } from '../../../src/identity/signatures.ts'
import { GossipEnvelope } from '../../../src/protocols/pb/gossip.ts'
import { type GossipNode, startGossipNode } from '../../support/gossip-node.ts'
import { bob, mallory, type TestNetwork, testNetwork } from '../../support/identities.ts'

const TOPIC = '/nexus/test/signatures'
const OTHER_TOPIC = '/nexus/test/signatures/other'
const PREFIX = fromString('libp2p-pubsub:')

type Signed = Required<RPC.Message>

interface Router {
  handleReceivedMessage: (source: PeerId, message: RPC.Message) => Promise<void>
  mcache: { msgs: { size: number } }
  score: { rejectInvalidMessage: (from: string, topic: string) => void }
}

const routerOf = (node: GossipNode) => node.node.libp2p.services.gossip as unknown as Router
const keyOf = (key: PrivateKey): Uint8Array => publicKeyToProtobuf(key.publicKey)
const fromOf = (key: PrivateKey): Uint8Array => peerIdFromPrivateKey(key).toMultihash().bytes

/** The first byte is another one. */
function changed(bytes: Uint8Array): Uint8Array {
  return Uint8Array.from(bytes, (byte, index) => (index === 0 ? byte ^ 1 : byte))
}

/** The protobuf of a key with its fields the other way round: unusual, and read all the same. */
function turnedRound(key: Uint8Array): Uint8Array {
  return concat([key.subarray(2), key.subarray(0, 2)])
}

/** What a forger makes of a message that mallory has signed. */
const FORGERIES: Record<string, (message: Signed, sign: (message: RPC.Message) => Promise<Signed>) => unknown> = {
  'no sender': ({ from, ...message }) => message,
  'a sender cut short': (message) => ({ ...message, from: message.from.subarray(0, -1) }),
  'a sender that is longer': (message) => ({ ...message, from: concat([message.from, Uint8Array.of(0)]) }),
  'a sender of another form': (message) => ({ ...message, from: changed(message.from) }),
  'another sender': (message) => ({ ...message, from: fromOf(bob) }),
  'another sender, without a key': ({ key, ...message }) => ({ ...message, from: fromOf(bob) }),
  'another sender and its key': (message) => ({ ...message, from: fromOf(bob), key: keyOf(bob) }),
  'another sender, signed by its own key': (message, sign) => sign({ ...message, from: fromOf(bob) }),
  'no number': ({ seqno, ...message }) => message,
  'no number, signed so': ({ seqno, ...message }, sign) => sign(message),
  'a number of 7 bytes': (message, sign) => sign({ ...message, seqno: message.seqno.subarray(1) }),
  'a number of 9 bytes': (message, sign) => sign({ ...message, seqno: concat([message.seqno, Uint8Array.of(0)]) }),
  'another number': (message) => ({ ...message, seqno: changed(message.seqno) }),
  'the key of another': (message) => ({ ...message, key: keyOf(bob) }),
  'a key that is empty': (message) => ({ ...message, key: new Uint8Array(0) }),
  'a key that is none': (message) => ({ ...message, key: Uint8Array.of(255, 255) }),
  'a key of another kind': (message) => ({
    ...message,
    key: Uint8Array.from(message.key, (b, i) => (i === 1 ? 2 : b))
  }),
  'no signature': ({ signature, ...message }) => message,
  'a signature that is empty': (message) => ({ ...message, signature: new Uint8Array(0) }),
  'a signature cut short': (message) => ({ ...message, signature: message.signature.subarray(0, -1) }),
  'a signature that is longer': (message) => ({
    ...message,
    signature: concat([message.signature, Uint8Array.of(0)])
  }),
  'a signature of zeros': (message) => ({ ...message, signature: new Uint8Array(64) }),
  'another signature': (message) => ({ ...message, signature: changed(message.signature) }),
  'another topic': (message) => ({ ...message, topic: OTHER_TOPIC }),
  'other content': (message) => ({ ...message, data: concat([message.data, Uint8Array.of(0)]) }),
  'no content': ({ data, ...message }) => message
}

for (const [what, signatures] of Object.entries({ Node: nodeSignatures, 'the library': librarySignatures })) {
  describe(`signatures of gossip, checked by ${what}`, () => {
    let network: TestNetwork
    let relay: GossipNode
    let token: string
    let heard: string[]
    let rejected: string[]
    let number = 0n

    before(async () => {
      network = await testNetwork()
      token = await network.certificateFor({ privateKey: mallory })
      relay = await startGossipNode(network, { signatures })

      for (const topic of [TOPIC, OTHER_TOPIC]) {
        relay.gossip.join(topic, ({ payload, certificate }) => heard.push(`${certificate.jid} ${textOf(payload)}`))
      }
      const { score } = routerOf(relay)
      const reject = score.rejectInvalidMessage
      score.rejectInvalidMessage = (from, topic) => {
        reject.call(score, from, topic)
        rejected.push(from)
      }
    })

    beforeEach(() => {
      heard = []
      rejected = []
    })

    after(() => relay.stop())

    async function sign(message: RPC.Message): Promise<Signed> {
      const { from, data, seqno, topic } = message
      const signature = await mallory.sign(concat([PREFIX, RPC.Message.encode({ from, data, seqno, topic })]))
      return { ...message, signature, key: keyOf(mallory) } as Signed
    }

    function message(text: string): Promise<Signed> {
      const data = GossipEnvelope.encode({ certificate: token, payload: fromString(text), time: Date.now() })
      const seqno = new Uint8Array(8)
      new DataView(seqno.buffer).setBigUint64(0, ++number)
      return sign({ from: fromOf(mallory), data, seqno, topic: TOPIC })
    }

    // By a neighbour that forwards it. It is not mallory, who would be cut off.
    const arrive = (what: RPC.Message): Promise<void> =>
      routerOf(relay).handleReceivedMessage(peerIdFromPrivateKey(bob), what)

    const jid = (): string => relay.identity.jid.replace(/\/.*/, '')

    for (const [forgery, forge] of Object.entries(FORGERIES)) {
      for (const known of [false, true]) {
        it(`do not hold for a message with ${forgery}${known ? ', of a sender that is known' : ''}`, async () => {
          if (known) {
            await arrive(await message('honest'))
          }
          const { size } = routerOf(relay).mcache.msgs
          await arrive((await forge(await message('forged'), sign)) as RPC.Message)
          assert.deepEqual([heard.length, rejected], [known ? 1 : 0, [peerIdFromPrivateKey(bob).toString()]])
          assert.equal(routerOf(relay).mcache.msgs.size, size, 'nobody is given it')
        })
      }
    }

    it('hold with the key beside them, without it, and with it in another form', async () => {
      const { key, ...without } = await message('without')
      await arrive(await message('with'))
      await arrive(without)
      await arrive({ ...(await message('turned round')), key: turnedRound(key) })
      assert.deepEqual(
        heard.map((text) => text.replace(/^\S+ /, '')),
        ['with', 'without', 'turned round']
      )
      assert.ok(
        heard.every((text) => text.startsWith(jid())),
        heard.join()
      )
      assert.deepEqual(rejected, [])
    })

    it('are checked once: repeats are none of their neighbour’s fault, and are not heard again', async () => {
      const sent = await message('once')
      await arrive(sent)
      await arrive({ ...sent, signature: changed(sent.signature) })
      assert.deepEqual([heard.length, rejected], [1, []])
    })
  })
}
