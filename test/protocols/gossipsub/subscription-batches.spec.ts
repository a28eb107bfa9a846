import assert from 'node:assert/strict'
import type { RPC } from '@libp2p/gossipsub/message'
import type { GossipsubInternals } from '../../../src/protocols/gossipsub/gossipsub-internals.ts'
import { SubscriptionBatches } from '../../../src/protocols/gossipsub/subscription-batches.ts'
import { until } from '../../support/until.ts'

describe('batches of subscriptions', () => {
  let sent: Array<[peerId: string, rpc: RPC]>
  let router: Pick<GossipsubInternals, 'isStarted' | 'sendRpc'>
  let batches: SubscriptionBatches

  beforeEach(() => {
    sent = []
    router = {
      isStarted: () => true,
      sendRpc: (peerId, rpc) => sent.push([peerId, rpc]) > 0
    }
    batches = new SubscriptionBatches(router as GossipsubInternals)
  })

  afterEach(() => batches.stop())

  const told = (): string[] =>
    sent.map(
      ([peerId, { subscriptions }]) =>
        `${peerId}: ${subscriptions.map(({ topic, subscribe }) => `${subscribe ? '+' : '-'}${topic}`).join(' ')}`
    )

  it('leave at the end of the turn, and then every 100 ms', async () => {
    batches.add('anna', ['a'], true)
    batches.add('ben', ['a'], true)
    batches.add('anna', ['b', 'c'], true)
    assert.deepEqual(told(), [])
    await until(() => sent.length === 2)
    const began = performance.now()
    assert.deepEqual(told(), ['anna: +a +b +c', 'ben: +a'])
    batches.add('anna', ['d'], true)
    await new Promise((resolve) => setImmediate(resolve))
    batches.add('anna', ['a'], false)
    await until(() => sent.length === 3)
    assert(performance.now() - began > 50, 'not at once')
    assert.equal(told()[2], 'anna: +d -a')
  })

  it('tell the last change of a topic alone', async () => {
    for (let n = 0; n < 100; n++) {
      batches.add('anna', ['a'], n % 2 === 0)
    }
    await until(() => sent.length === 1)
    assert.deepEqual(told(), ['anna: -a'])
  })

  it('come no later than what is said of the mesh of a topic; messages do not carry them', () => {
    const control = { ihave: [], iwant: [], graft: [{ topicID: 'a' }], prune: [], idontwant: [] }
    batches.add('anna', ['a'], true)
    router.sendRpc('anna', { subscriptions: [], messages: [{ topic: 'b' }] })
    router.sendRpc('anna', { subscriptions: [], messages: [], control })
    assert.deepEqual(told(), ['anna: ', 'anna: +a'])
    assert.deepEqual(sent[1]?.[1].control, control)
  })

  it('are told when it stops', async () => {
    batches.add('anna', ['a'], true)
    batches.stop()
    assert.deepEqual(told(), ['anna: +a'])
    batches.add('anna', ['a'], false)
    await until(() => sent.length === 2)
  })
})
