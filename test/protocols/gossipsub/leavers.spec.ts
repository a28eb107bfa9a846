import assert from 'node:assert/strict'
import type { GossipsubInternals } from '../../../src/protocols/gossipsub/gossipsub-internals.ts'
import { Leavers } from '../../../src/protocols/gossipsub/leavers.ts'

const TOPIC = '/nexus/channel/one'

/** What of a router has to do with those who leave. Leaving keeps all apart that it fed, as gossipsub does. */
class FakeRouter extends EventTarget {
  readonly topics = new Map([[TOPIC, new Set(['full'])]])
  readonly mesh = new Map([[TOPIC, new Set(['anna', 'ben'])]])
  readonly backoff = new Map([[TOPIC, new Map([['full', 1]])]])

  unsubscribe(topic: string): void {
    for (const peerId of this.mesh.get(topic) ?? []) {
      this.backoff.get(topic)?.set(peerId, 1)
    }
    this.mesh.delete(topic)
  }

  prune(peerId: string, direction: string): void {
    this.backoff.get(TOPIC)?.set(peerId, 1)
    this.dispatchEvent(new CustomEvent('gossipsub:prune', { detail: { peerId, topic: TOPIC, direction } }))
  }

  get apart(): string[] {
    return [...(this.backoff.get(TOPIC)?.keys() ?? [])]
  }
}

describe('leavers', () => {
  let router: FakeRouter
  let leavers: Leavers

  beforeEach(() => {
    router = new FakeRouter()
    leavers = new Leavers(router as unknown as GossipsubInternals)
  })

  it('lets those back at once that were parted because this block left', () => {
    leavers.leave(TOPIC)
    assert.deepEqual(router.apart, ['full'])
  })

  it('lets a peer back at once that left the topic', () => {
    router.prune('carl', 'inbound')
    assert.deepEqual(router.apart, ['full'])
  })

  it('keeps a peer away that still subscribes, or was sent away by this block', () => {
    router.prune('full', 'inbound')
    router.prune('dora', 'outbound')
    assert.deepEqual(router.apart, ['full', 'dora'])
  })
})
