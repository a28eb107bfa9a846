import assert from 'node:assert/strict'
import type { Connection, PeerId } from '@libp2p/interface'
import type { GossipsubInternals } from '../../../src/protocols/gossipsub/gossipsub-internals.ts'
import { StallWatch } from '../../../src/protocols/gossipsub/stall-watch.ts'

const SOURCE = {} as PeerId

describe('watch over a process that stands still', () => {
  let now: number
  let open: string[]
  let heart: EventTarget
  let watch: StallWatch

  beforeEach(() => {
    now = 1_000
    open = ['old']
    heart = new EventTarget()
    watch = new StallWatch({
      router: heart as unknown as GossipsubInternals,
      connections: () => open.map((id) => ({ id }) as Connection),
      now: () => now
    })
  })

  afterEach(() => watch.stop())

  const beat = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 1_000) {
      now += 1_000
      heart.dispatchEvent(new Event('gossipsub:heartbeat'))
    }
  }

  it('takes what comes while the heart beats to have come at once', () => {
    beat(10_000)
    now += 3_000
    assert.equal(watch.mayHaveWaited(SOURCE), false)
  })

  it('knows that what comes after a pause may have waited, for as long as the pause was', () => {
    now += 8_000
    assert.equal(watch.mayHaveWaited(SOURCE), true, 'before the heart beats again')
    beat(8_000)
    assert.equal(watch.mayHaveWaited(SOURCE), true)
    beat(1_000)
    assert.equal(watch.mayHaveWaited(SOURCE), false)
  })

  it('knows that it did not wait when it comes on a new connection', () => {
    now += 8_000
    beat(1_000)
    open = ['new']
    assert.equal(watch.mayHaveWaited(SOURCE), false)
  })
})
