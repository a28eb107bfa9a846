import assert from 'node:assert/strict'
import { FIRST, HOUR_MS, KEY, KeyNetwork, SECOND } from '../../support/key-network.ts'

describe('who has a key', () => {
  let network: KeyNetwork

  beforeEach(() => {
    network = new KeyNetwork()
  })

  it('is the one that is there, as long as it answers', async () => {
    await network.join(FIRST)
    assert.equal(await network.join(SECOND), 'number 700')
    assert.deepEqual([network.asked, network.cuts], [1, 0])
  })

  it('is the newcomer, when the one that was there has no connection any more', async () => {
    await network.join(FIRST)
    network.connected = undefined
    assert.equal(await network.join(SECOND), undefined)
    assert.equal(network.asked, 0)
  })

  it('is the newcomer, when the one that is there does not answer: that is cut off', async () => {
    await network.join(FIRST)
    network.answers = false
    assert.equal(await network.join(SECOND), undefined)
    assert.deepEqual([network.connected, network.cuts], [SECOND, 1])
  })

  it('is the same block again on every path, without a question', async () => {
    await network.join(FIRST)
    assert.equal(await network.join(FIRST), undefined)
    assert.equal(network.asked, 0)
  })

  it('is whoever comes, where no number was told', async () => {
    await network.join(undefined)
    assert.equal(await network.join(undefined), undefined)
    await network.join(FIRST)
    assert.equal(await network.join(undefined), undefined)
    assert.equal(network.asked, 0)
  })

  it('is never another than this very block, for its own key', async () => {
    assert.equal(await network.holders.claim('self', FIRST), 'this very block')
    assert.equal(await network.holders.claim('self', undefined), 'this very block')
    assert.equal(await network.holders.claim('self', 1), undefined)
  })

  it('asks once a second, however many come, and again when nobody is connected', async () => {
    await network.join(FIRST)
    const others = [1, 2, 3, 4].map((number) => network.join(number))
    assert.deepEqual(await Promise.all(others), Array(4).fill('number 700'))
    assert.equal(await network.join(SECOND), 'number 700')
    assert.equal(network.asked, 1)
    network.time += 1_000
    await network.join(SECOND)
    assert.equal(network.asked, 2)
    network.connected = undefined
    assert.equal(await network.join(SECOND), undefined)
  })

  it('is the first one again when it comes back within a minute, however often others have started', async () => {
    await network.join(FIRST)
    network.connected = undefined

    for (let thief = 1; thief <= 9; thief++) {
      network.connected = undefined
      network.time += 5_000
      assert.equal(await network.join(thief), undefined)
    }

    assert.equal(await network.join(FIRST), undefined)
    assert.equal(network.connected, FIRST)
    assert.equal(await network.join(9), 'number 700')
    assert.equal(network.holders.get(KEY)?.since, HOUR_MS)
  })

  it('is the newcomer for good when the first one stays away for a minute', async () => {
    await network.join(FIRST)
    network.connected = undefined
    await network.join(SECOND)
    network.time += 60_000
    assert.equal(await network.join(FIRST), 'number 300')
  })
})
