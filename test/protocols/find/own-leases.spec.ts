import assert from 'node:assert/strict'
import { OwnLeases } from '../../../src/protocols/find/own-leases.ts'

const topic = '/nexus/lease/own'
const [from, other] = [Uint8Array.of(1), Uint8Array.of(2)]

describe('leases of the other workers, at one that calls none of them', () => {
  let time: number
  let isFollowed: boolean
  let subscribers: string[]
  let own: OwnLeases

  beforeEach(() => {
    time = 1_000
    isFollowed = false
    subscribers = ['relay1']
    own = new OwnLeases({
      topic,
      isFollowed: () => isFollowed,
      subscribers: () => subscribers,
      isRelay: (peerId) => peerId.startsWith('relay'),
      now: () => time
    })
  })

  const arriving = { topic, source: 'relay1', from, isOwn: false }

  it('are left unread and counted', () => {
    assert.deepEqual([own.admission(arriving), own.admission(arriving)], ['unwanted', 'unwanted'])
    assert.equal(own.admission({ ...arriving, from: other }), 'unwanted')
    assert.equal(own.workers, 2)
    time += 200_000
    own.admission(arriving)
    time += 200_000
    assert.equal(own.workers, 1)
  })

  it('are checked when somebody here looks for them', () => {
    isFollowed = true
    assert.equal(own.admission(arriving), 'taken')
  })

  it('are checked when somebody else may have them from here alone', () => {
    for (const others of [['relay1', 'caller'], ['caller'], ['relay1', 'relay2']]) {
      subscribers = others
      assert.deepEqual([own.admission(arriving), own.isLeaf], ['taken', false])
    }
  })

  it('are checked when they come from others than a relay; and those of other apps are', () => {
    assert.equal(own.admission({ ...arriving, source: 'caller' }), 'taken')
    assert.equal(own.admission({ ...arriving, topic: '/nexus/lease/other' }), 'taken')
  })
})
