import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { TopicValidatorResult } from '@libp2p/gossipsub'
import { defaultLogger } from '@libp2p/logger'
import { peerIdFromString } from '@libp2p/peer-id'
import { type GossipVectors, gossipVectorText } from '../../../scripts/vectors-gossip.ts'
import { publicKeyOf } from '../../../src/identity/keys.ts'
import { RevocationList } from '../../../src/identity/revocation-list.ts'
import { CertificateVerifier } from '../../../src/identity/verifier.ts'
import { leaseIn } from '../../../src/protocols/find/lease-exchange.ts'
import { MessageValidator } from '../../../src/protocols/gossip/message-validator.ts'
import { LEASE_TOPIC_PREFIX } from '../../../src/protocols/gossip/topic-names.ts'

const text = await readFile(new URL('../../vectors/gossip.json', import.meta.url), 'utf8')
const { network, root, now, self, cases }: GossipVectors = JSON.parse(text)
const RESULTS = {
  accept: TopicValidatorResult.Accept,
  ignore: TopicValidatorResult.Ignore,
  reject: TopicValidatorResult.Reject
}

describe('gossip vectors', () => {
  it('are what the generator writes', () => {
    assert.equal(text, gossipVectorText(), 'run scripts/vectors-gossip.ts')
  })

  for (const { name, topic, from, data, outcome, fault, payload } of cases) {
    it(`${outcome}: ${name}`, async () => {
      const trust = { network, roots: [root] }
      const clock = () => now
      const verifier = new CertificateVerifier({ ...trust, clock, revocations: new RevocationList(trust) })
      const faults: string[] = []
      const log = defaultLogger().forComponent('nexus:test')
      const validator = new MessageValidator({ self, verifier, onFault: (peerId) => faults.push(peerId), log })
      validator.add(LEASE_TOPIC_PREFIX, async (on, certificate, bytes) => {
        await leaseIn({ topic: on, certificate, payload: bytes }, { network, clock })
      })
      const message = {
        type: 'signed' as const,
        from: peerIdFromString(from),
        topic,
        data: Uint8Array.from(Buffer.from(data, 'hex')),
        sequenceNumber: 1n,
        key: publicKeyOf(from),
        signature: new Uint8Array(64)
      }
      const source = peerIdFromString(root)
      assert.equal(await validator.check(source, message), RESULTS[outcome])
      const taken = validator.take(message)
      assert.equal(taken === undefined ? undefined : Buffer.from(taken.payload).toString('hex'), payload)
      assert.deepEqual(faults, fault === true ? [root] : [])
    })
  }
})
